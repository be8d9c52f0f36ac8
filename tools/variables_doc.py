#!/usr/bin/env python3
"""Write docs/variables.md from the roles' argument specs; with --check report whether it is up to date."""

from __future__ import annotations

import json
import re
import sys

import generated
import specs

PAGE = specs.ROOT / "docs" / "variables.md"
HEAD = """# Variables

Generated from the roles' argument specs (`roles/<role>/meta/argument_specs.yml`) by `tools/variables_doc.py`.
Set them in the inventory; [settings.md](settings.md) shows those that people change most.
A variable without a default says in its description what holds when it is not set.
"""
# Ansible's markup in descriptions: C(code), V(value), O(option), I(emphasis), B(bold)
MARKUP = re.compile(r"\b[CVOIB]\(((?:[^()]|\([^()]*\))*)\)")


def cell(text):
    """Return a description as one cell of a Markdown table."""
    return MARKUP.sub(r"`\1`", text).replace("|", "\\|").replace("\n", " ").strip()


def kind(option):
    """Return the type of an option, with its elements and its choices."""
    text = option.get("type", "str")
    if "elements" in option:
        text += f" of {option['elements']}"
    if "choices" in option:
        text += ": " + ", ".join(f"`{choice}`" for choice in option["choices"])
    return text


def default(name, option, defaults):
    if option.get("required"):
        return "required"
    value = option.get("default", defaults.get(name))
    if value is None or "{{" in str(value):
        return ""
    return f"`{value if isinstance(value, str) and value else json.dumps(value)}`"


def section(role):
    """Return the part of the page about a role."""
    spec, options, defaults = specs.spec_of(role) or {}, specs.options_of(role), specs.defaults_of(role)
    lines = [f"\n## {role}\n", spec.get("main", next(iter(spec.values()), {})).get("short_description", "") + ".\n"]
    if options:
        lines += ["| variable | type | default | meaning |", "| --- | --- | --- | --- |"]
    for name, option in options.items():
        meaning = cell(specs.sentences(option.get("description", "")))
        lines.append(f"| `{name}` | {kind(option)} | {default(name, option, defaults)} | {meaning} |")
    return "\n".join(lines) + "\n"


def page():
    # the contract first: it is what most people set
    names = sorted(specs.roles(), key=lambda role: (role != "cluster", role))
    return HEAD + "".join(section(role) for role in names)


def main(arguments):
    return generated.renew({PAGE: page()}, arguments, "the argument specs", __file__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
