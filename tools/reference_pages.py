"""Pages for modules and roles, as Markdown, from what `ansible-doc --json` prints."""

from __future__ import annotations

import re

_MARKUP = re.compile(r"\b([CVOEPIBMULR]|RV)\(([^()]*)\)")


def short(name):
    """Return the last part of a full name."""
    return name.rpartition(".")[2]


def prose(text):
    """Return a description of Ansible as Markdown that fits into a cell of a table; text: a sentence or a list of them."""
    words = " ".join(text) if isinstance(text, list) else str(text or "")
    words = words.replace("<", "&lt;").replace("|", "\\|")
    return " ".join(_MARKUP.sub(_marked, words).split())


def _marked(found):
    sign, inner = found.groups()
    if sign in "BI":
        return f"**{inner}**" if sign == "B" else f"*{inner}*"
    if sign == "U":
        return f"<{inner}>"
    if sign == "L":
        label, _, target = inner.rpartition(",")
        return f"[{label.strip()}]({target.strip()})"
    return f"`{inner.partition('#')[0] if sign == 'P' else inner}`"


def kind(option):
    """Return the type of an option or a returned value, with its choices."""
    of = f" of {option['elements']}" if option.get("elements") else ""
    choices = ", ".join(f"`{choice}`" for choice in option.get("choices") or [])
    return f"{option.get('type', 'str')}{of}" + (f": {choices}" if choices else "")


def flattened(options, below, prefix=""):
    """Yield (name, option) of options and those below them; below: key of the nested ones."""
    for name, option in sorted(options.items()):
        yield f"{prefix}{name}", option
        yield from flattened(option.get(below) or {}, below, f"{prefix}{name}.")


def options_table(options, below="suboptions"):
    """Return the options as lines of a table."""
    lines = ["| option | type | default | meaning |", "| --- | --- | --- | --- |"]
    for name, option in flattened(options, below):
        default = "required" if option.get("required") else f"`{option['default']}`" if option.get("default") is not None else ""
        default = default.replace("|", "\\|")
        lines.append(f"| `{name}` | {kind(option)} | {default} | {prose(option.get('description'))} |")
    return lines


def returns_table(values):
    """Return the returned values as lines of a table."""
    lines = ["| key | type | returned | meaning |", "| --- | --- | --- | --- |"]
    for name, value in flattened(values, "contains"):
        lines.append(f"| `{name}` | {kind(value)} | {prose(value.get('returned'))} | {prose(value.get('description'))} |")
    return lines


def paragraphs(text):
    return [line for sentence in ([text] if isinstance(text, str) else text or []) for line in (prose(sentence), "")]


def module_page(name, document):
    """Return the page of a module; document: its part of `ansible-doc --json`."""
    doc = document["doc"]
    lines = [
        f"# {short(name)}",
        "",
        f"`{name}`: {prose(doc['short_description'])}.",
        "",
        *paragraphs(doc["description"]),
    ]
    if doc.get("options"):
        lines += ["## Options", "", *options_table(doc["options"]), ""]
    if document.get("examples"):
        lines += ["## Examples", "", "```yaml", document["examples"].strip("\n"), "```", ""]
    if document.get("return"):
        lines += ["## Returned values", "", *returns_table(document["return"]), ""]
    if doc.get("notes"):
        lines += ["## Notes", "", *paragraphs(doc["notes"])]
    return "\n".join(lines)


def role_page(name, document):
    """Return the page of a role."""
    lines = [f"# {short(name)}", "", f"Role `{name}`.", ""]
    for entry, spec in sorted(document["entry_points"].items(), key=lambda pair: pair[0] != "main"):
        if len(document["entry_points"]) > 1:
            lines += [f"## Entry point {entry}", ""]
        lines += [f"{prose(spec['short_description'])}.", "", *paragraphs(spec.get("description"))]
        if spec.get("options"):
            lines += [*options_table(spec["options"], below="options"), ""]
    return "\n".join(lines)


def index_page(title, names):
    """Return the page that lists all modules or roles; names: {name: its short description}."""
    rows = [f"| [{short(name)}]({short(name)}.md) | {prose(words)} |" for name, words in sorted(names.items())]
    return "\n".join([f"# {title}", "", "| name | what it does |", "| --- | --- |", *rows, ""])
