"""Where a node's answer reaches the controller: only what its module documents passes. Used by the plugins of the controller.

The white list of a module is RETURN in library/, so that it cannot fall behind; measurements are also held against
data/run.schema.json, and name no node but those of the play.
"""

from __future__ import annotations

import ast
import functools
import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from . import untrusted

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

_REPOSITORY = Path(__file__).resolve().parents[3]
_ALWAYS: Final = {"failed": {"type": "bool"}, "changed": {"type": "bool"}, "skipped": {"type": "bool"}}
_MEASURED: Final = ("name", "scope", "subject", "link", "params", "unit", "better", "samples", "flags", "context")
_MOST_STREAM: Final = 20000  # characters at the end of what a module wrote, among which its error is
_OPTIONAL: Final = ("link", "params", "flags", "context")


@functools.cache
def documented(module: str) -> dict[str, dict[str, Any]]:
    """Return RETURN of a module of library/ as a dictionary."""
    import yaml

    for statement in ast.parse((_REPOSITORY / "library" / f"{module}.py").read_text()).body:
        if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", "") == "RETURN":
            returned: dict[str, dict[str, Any]] | None = yaml.safe_load(ast.literal_eval(statement.value))
            return returned or {}
    return {}


@functools.cache
def _schemas() -> tuple[Draft202012Validator, Draft202012Validator]:
    """Return (validator of a measurement, validator of an entry of not_measured)."""
    import jsonschema

    schema = json.loads((_REPOSITORY / "data" / "run.schema.json").read_text())
    shapes = schema["$defs"]["metric"]["properties"]
    measurement = {
        "type": "object",
        "required": [key for key in _MEASURED if key not in _OPTIONAL],
        # A module may measure nothing of what it was asked for; hundreds of thousands of samples are checked without jsonschema.
        "properties": {**{key: shapes[key] for key in _MEASURED}, "samples": {"type": "array"}},
        "additionalProperties": False,
    }
    skipped = schema["properties"]["not_measured"]["items"]
    skipped = {**skipped, "properties": {**skipped["properties"], "link": shapes["link"]}}
    of_measurement, of_skipped = (
        jsonschema.Draft202012Validator({**one, "$defs": schema["$defs"]}) for one in (measurement, skipped)
    )
    return of_measurement, of_skipped


def parse(text: str) -> dict[str, Any]:
    """Return the JSON object in the text of an answer; raises ValueError with a sentence."""
    if len(text) > untrusted.MOST_BYTES:
        raise ValueError(f"it is larger than {untrusted.MOST_BYTES // 2**20} MiB")
    try:
        # A number of a million digits would take the controller's time, NaN its arithmetic.
        parsed: dict[str, Any] = json.loads(text[text.index("{") :], parse_int=_integer, parse_constant=lambda _name: None)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:
        raise ValueError("it is no JSON: " + (untrusted.clean_text(text.strip(), limit=300) or "nothing")) from None
    return parsed


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) < 25 else None


def result(module: str, host: str, answer: dict[str, Any], nodes: Collection[str] = ()) -> dict[str, Any]:
    """Return the result of a task from what a node answered.

    module: name in library/; host: name in the inventory; answer: dictionary as it came; nodes: names that measurements may
    have. An answer that is not as documented becomes a failure with a sentence.
    """
    try:
        picked = untrusted.pick(answer, {**documented(module), **_ALWAYS})
    except untrusted.Undocumented as error:
        return {"failed": True, "msg": f"The answer of {module} on {host} is ignored: {error}. Is {host} what you think it is?"}
    if "msg" in answer:
        picked["msg"] = untrusted.clean_text(answer["msg"], lines=True).strip()
    if picked.get("failed"):
        picked["msg"] = _failure(answer)
    if "measurements" in picked or "not_measured" in picked:
        picked.update(_benchmark(module, host, picked, nodes))
    return picked


class Bordered:
    """Mixin of action plugins that read a node's answer."""

    _task: Any
    _discovered_interpreter_key: str | None
    _discovered_interpreter: str | None

    def _parse_returned_data(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        """Remove what Ansible would act on before it quotes it, escapes included, in a warning."""
        data = super()._parse_returned_data(*arguments, **options)  # type: ignore[misc]  # of ActionBase, beside this one
        kept = [key for key in data if key == "_ansible_parsed" or not (key.startswith("_") or key in untrusted.RESERVED)]
        return {key: data[key] for key in kept}

    def trusted(self, module: str, answer: dict[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Return what of a node's answer may become the task's result."""
        host, play = task_vars["inventory_hostname"], task_vars.get("ansible_play_hosts_all", ())
        asked = self._task.args.get("nodes")  # playbooks/smoke.yml measures all nodes in a play of the head
        names = {host, *play, *(asked if isinstance(asked, (list, tuple)) else ())}
        return {**result(module, host, answer, names), **self._interpreter()}

    def _interpreter(self) -> dict[str, Any]:
        """Return the part of a result by which Ansible remembers the interpreter that it found on the node."""
        key, path = self._discovered_interpreter_key, self._discovered_interpreter
        return {"ansible_facts": {key: path}} if key and re.fullmatch(r"/[\w./+-]+", str(path)) else {}


def _benchmark(module: str, host: str, picked: dict[str, Any], nodes: Collection[str]) -> dict[str, Any]:
    """Return {measurements, not_measured} with those alone that data/run.schema.json knows and whose subject is in the play."""
    measurement_shape, skipped_shape = _schemas()
    kept: list[Any] = []
    skipped: list[Any] = []
    ignored: list[str] = []
    for item in picked.get("measurements") or []:
        fault = _fault(measurement_shape, item, nodes)
        ignored += [fault] if fault else []
        kept += [] if fault else [item]
    for item in picked.get("not_measured") or []:
        fault = _fault(skipped_shape, item, nodes)
        ignored += [fault] if fault else []
        skipped += [] if fault else [item]
    # Once for each reason: a thousand wrong entries are one sentence.
    skipped += [
        {"name": module, "subject": [host], "reason": f"A part of the answer of {host} is ignored: {fault}."}
        for fault in dict.fromkeys(ignored)
    ][:20]
    return {**({"measurements": kept} if "measurements" in picked else {}), "not_measured": skipped}


def _fault(validator: Draft202012Validator, item: Any, nodes: Collection[str]) -> str:
    error = next(validator.iter_errors(item), None)
    if error is not None:
        place = "/".join(str(part) for part in error.absolute_path) or "an entry"
        return f"{place}: {error.message[:200]}"
    wrong = [number for number, sample in enumerate(item.get("samples", ())) if type(sample) not in (int, float)]
    if wrong:
        return f"samples/{wrong[0]} is no number"
    strange = [name for name in item.get("subject", []) if nodes and name not in nodes]
    return f"it speaks of {strange[0][:100]}, which is no node of this run" if strange else ""


def _failure(answer: Mapping[str, Any]) -> str:
    """Return why a module failed, in one text; where there is only a traceback, its last line."""
    message = answer.get("msg")
    if not message:
        exception = answer.get("exception")
        event = exception.get("event") if isinstance(exception, dict) else None
        text = event.get("msg") if isinstance(event, dict) else None
        return f"The module ended with an error: {untrusted.clean_text(text or 'no message')}"
    streams = [
        answer.get(key) for key in ("module_stderr", "stderr", "data", "module_stdout") if "cmd" in answer or "module_" in key
    ]
    lines = [untrusted.clean_text(line).strip() for text in streams for line in str(text or "")[-_MOST_STREAM:].splitlines()]
    words = [line for line in lines if line]
    if "cmd" in answer or words:
        return f"The module ended without a result: {words[-1] if words else 'no message'}"
    return untrusted.clean_text(message, lines=True).strip() or "no message"
