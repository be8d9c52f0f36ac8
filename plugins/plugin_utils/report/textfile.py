"""The newest run's metrics in the folder of a textfile collector, for instance node_exporter's."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

from .. import runs
from ..files import replace_text
from .exporters.prometheus import EXPORTER

# The collector reads all *.prom of its folder, so a file is named after what wrote it. The temporary file of replace_text()
# beside it does not end like that.
FILE_NAME: Final = "saf.prom"


def place(run_dir: Path, folder: Path, dry_run: bool = False) -> tuple[Path, bool]:
    """Copy metrics.prom of a run to ``folder`` in one step, mode 0644; return (path, whether its content changed).

    An older run than the newest one changes nothing. Raises runs.RunError with what to do where the folder cannot be written.
    """
    path = folder / FILE_NAME
    if not runs.is_latest(run_dir):
        return path, False
    source = run_dir / EXPORTER.file_name
    try:
        text = source.read_text(encoding="utf-8")
    except OSError as error:
        raise runs.RunError(f"{source} cannot be read ({error.strerror or error}): write the report of the run again.") from error
    try:
        if path.exists() and path.read_text(encoding="utf-8", errors="replace") == text:
            return path, False
        if not folder.is_dir():
            raise NotADirectoryError(0, "no such folder")
        if not dry_run:
            replace_text(path, text)
    except OSError as error:
        raise runs.RunError(
            f"The report is complete, its metrics cannot be written to {path} ({error.strerror or error}). Create the folder of "
            f'metrics_textfile_dir for the account that runs Ansible: sudo install -d -o "$(id -un)" {shlex.quote(str(folder))}'
        ) from error
    return path, True
