#!/usr/bin/env python3
"""Build the documentation as a web site, from the repository's own documents: README.md is its first page.

The documents are copied to .cache/site-source with links that fit there, a page for each module and role is added, and mkdocs
builds .cache/site. Each warning is an error: a link that leads nowhere, a page that no menu lists.
"""

from __future__ import annotations

import json
import logging
import os
import posixpath
import re
import shutil
import subprocess
import sys
from pathlib import Path

import documents
import reference_pages
import yaml

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / ".cache" / "site-source"
# Documents outside docs/, with their names on the site.
OUTSIDE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "vulnerabilities.md",  # security.md is another page, and some file systems know no upper case
    "CHANGELOG.md": "changelog.md",
    "tests/fakemac/README.md": "emulated-mac.md",
}
_LINK = re.compile(r"(\]\()([^()\s]+)(\))")


def site_name(path):
    """Return where a file of the repository is on the site; what is no page is copied below files/."""
    if path in OUTSIDE:
        return OUTSIDE[path]
    return path.removeprefix("docs/") if path.startswith("docs/") else f"files/{path}"


def rewritten(text, path):
    """Return (the document with links that fit the site, [files of the repository that it links to]); path: where it is."""
    linked: list[str] = []

    def fit(found):
        target, _, anchor = found[2].partition("#")
        if not target or "://" in target or target.startswith("mailto:"):
            return found[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        linked.append(file)
        there = posixpath.relpath(site_name(file), posixpath.dirname(site_name(path)) or ".")
        return f"{found[1]}{there}{'#' + anchor if anchor else ''}{found[3]}"

    parts = re.split(r"(?ms)(^[ ]*```.*?^[ ]*```$|(?<!`)`[^`\n]+`(?!`))", text)
    return "".join(part if number % 2 else _LINK.sub(fit, part) for number, part in enumerate(parts)), linked


def indented(text):
    """Return the document with what belongs to an item of a list indented by four: mkdocs reads no other indentation."""
    lines, widths = [], []
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        item = re.match(r"( *)([-*]|\d+\.) +(?=\S)", line)
        if line.strip():
            while widths and indent < widths[-1]:
                widths.pop()
        depth = len(widths)
        lines.append(" " * (4 * depth + (indent - widths[-1] if widths else indent)) + line.lstrip() if line.strip() else "")
        if item:
            widths.append(item.end())
    return "\n".join(lines) + "\n"


def page(text, path):
    """Return (a document as a page of the site, [files that it links to])."""
    without = re.sub(r"[ \t]*<!--.*?-->", "", text, flags=re.DOTALL)
    fitted, linked = rewritten(without, path)
    return indented(fitted), linked


def ansible_doc(*arguments):
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(
        ["ansible-doc", "--json", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def reference():
    """Return {path on the site: text} of the pages for modules and roles."""
    modules = sorted(f"saf.fabric.{path.stem}" for path in (ROOT / "library").glob("*.py"))
    roles = sorted(f"saf.fabric.{path.parents[1].name}" for path in (ROOT / "roles").glob("*/meta/argument_specs.yml"))
    found, specs = ansible_doc(*modules), ansible_doc("-t", "role", *roles)
    pages = {f"modules/{name.rpartition('.')[2]}.md": reference_pages.module_page(name, found[name]) for name in modules}
    pages |= {f"roles/{name.rpartition('.')[2]}.md": reference_pages.role_page(name, specs[name]) for name in roles}
    words = {name: found[name]["doc"]["short_description"] for name in modules}
    pages["modules/index.md"] = reference_pages.index_page("Modules", words)
    words = {name: next(iter(specs[name]["entry_points"].values()))["short_description"] for name in roles}
    pages["roles/index.md"] = reference_pages.index_page("Roles", words)
    return pages


def stage():
    """Write the source of the site; return the paths of the pages for modules and roles."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    texts, linked = {}, set()
    shown = {str(path) for path in documents.paths()} | set(OUTSIDE)
    for path in sorted(shown):
        texts[site_name(path)], files = page((ROOT / path).read_text(), path)
        linked |= set(files)
    generated = reference()
    for name, text in (texts | generated).items():
        (SOURCE / name).parent.mkdir(parents=True, exist_ok=True)
        (SOURCE / name).write_text(text)
    for file in sorted((linked - shown) | {"docs/site.css"}):
        if not (ROOT / file).is_file() or file.endswith(".md"):
            sys.exit(f"The documents link to {file}, which is no file that the site can show.")
        (SOURCE / site_name(file)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, SOURCE / site_name(file))
    return sorted(generated)


def navigation(pages):
    """Return the menu of mkdocs.yml with the pages of the folders in it."""
    menu = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    for title, folder in (("Modules", "modules"), ("Roles", "roles")):
        below = [{Path(name).stem: name} for name in pages if name.startswith(f"{folder}/") and not name.endswith("index.md")]
        menu.append({title: [f"{folder}/index.md", *below]})
    decisions = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("0*.md"))
    menu.append({"Decisions": ["decisions/README.md", *(f"decisions/{name}" for name in decisions)]})
    return menu


def main():
    # Here, because the rest of this file is tested where mkdocs is not installed.
    from mkdocs.commands.build import build
    from mkdocs.config import load_config
    from mkdocs.exceptions import Abort

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    pages = stage()
    try:
        build(load_config(str(ROOT / "mkdocs.yml"), nav=navigation(pages)))
    except Abort as error:  # its message counts the warnings, which are printed
        print(error, file=sys.stderr)
        return 1
    print(f"Open {ROOT / '.cache' / 'site' / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
