#!/usr/bin/env python3
"""Check that every int, float and bool option is converted where it is used.

An argument spec validates and does not convert: what -e name=value, an INI file or an environment lookup gives is text.
Each use has to be `name | int` (float, bool), the bare value of a typed argument of an own module, or a number in a text.
"""

from __future__ import annotations

import sys

import jinja2
import playbook_files
import specs
from jinja2 import nodes

# What makes a value of the declared type.
CONVERSIONS = {"int": {"int", "float"}, "float": {"float"}, "bool": {"bool"}}
_EXPRESSIONS = {"when", "until", "failed_when", "changed_when", "that"}
_ENVIRONMENT = jinja2.Environment(autoescape=True)  # parses only


def typed_options():
    """Return {option: type} of every int, float and bool option of all roles."""
    return {
        name: option["type"]
        for role in specs.roles()
        for name, option in specs.options_of(role).items()
        if option.get("type") in CONVERSIONS
    }


def name_of(node):
    """Return the variable that a node reads, also from another host's variables."""
    if isinstance(node, nodes.Name):
        return node.name
    if any(inner.name == "hostvars" for inner in node.find_all(nodes.Name)):
        if isinstance(node, nodes.Getattr):
            return node.attr
        if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            return node.arg.value
    return None


def unconverted(text, options, is_text=False, typed=None):
    """Return the options that a template uses as they came.

    is_text: the template's result is a text, whatever is in it; typed: type of the module argument that gets the result.
    """
    tree = _ENVIRONMENT.parse(text)
    parents = {id(child): parent for parent in [tree, *tree.find_all(nodes.Node)] for child in parent.iter_child_nodes()}
    outputs = [part for output in tree.find_all(nodes.Output) for part in output.nodes]
    is_text = is_text or len(outputs) > 1
    found = []
    for node in tree.find_all((nodes.Name, nodes.Getattr, nodes.Getitem)):
        wanted = options.get(name_of(node))
        if not wanted or (isinstance(node, nodes.Name) and node.ctx != "load"):
            continue
        top, parent = node, parents[id(node)]
        while isinstance(parent, nodes.Filter) and parent.name in ("default", "d") and parent.node is top:
            top, parent = parent, parents[id(parent)]
        converted = isinstance(parent, nodes.Filter) and parent.name in CONVERSIONS[wanted] and parent.node is top
        asked = isinstance(parent, nodes.Test) and parent.name in ("defined", "undefined")
        # A number in a text reads the same however it came; True and yes do not.
        written = wanted == "int" and (isinstance(parent, nodes.Concat) or (is_text and isinstance(parent, nodes.Output)))
        passed = isinstance(parent, nodes.Output) and not is_text and typed == wanted
        if not (converted or asked or written or passed):
            found.append(f"{name_of(node)} (write {name_of(node)} | {wanted})")
    return found


def repeated_defaults(text, names):
    """Return the options that a template gives a separate literal default: a role's defaults are the only place for it."""
    found = []
    for node in _ENVIRONMENT.parse(text).find_all(nodes.Filter):
        given = node.node.name if node.name in ("default", "d") and isinstance(node.node, nodes.Name) else None
        if given in names and node.args and isinstance(node.args[0], nodes.Const):
            found.append(f"{given} (write default(lookup('saf.fabric.option_default', '{given}')), its role has the default)")
    return found


def types_of(arguments):
    """Return {argument: type its value is converted to} of an own module; for a list of such values that of its elements."""
    return {name: option.get("elements") if option["type"] == "list" else option["type"] for name, option in arguments.items()}


def in_document(item, options, modules, typed=None, key=None):
    """Yield what is unconverted in a YAML document, with the text that uses it."""
    if isinstance(item, dict):
        module = next((name for name in item if str(name).removeprefix(playbook_files.OWN) in modules), None)
        for name, value in item.items():
            if name == module and isinstance(value, dict):
                kinds = types_of(modules[module.removeprefix(playbook_files.OWN)])
                for argument, inner in value.items():
                    yield from in_document(inner, options, modules, kinds.get(argument))
            else:
                yield from in_document(value, options, modules, typed if key is None else None, name)
    elif isinstance(item, list):
        for inner in item:
            yield from in_document(inner, options, modules, typed, key)
    elif isinstance(item, str):
        text = f"{{{{ ({item}) }}}}" if key in _EXPRESSIONS and "{{" not in item else item
        if "{{" in text or "{%" in text:
            for name in unconverted(text, options, typed=typed) + repeated_defaults(text, specs.all_options()):
                yield f"{name}: {' '.join(item.split())[:90]}"


def findings():
    """Return what is wrong, a sentence each, and how many files were read."""
    options, modules = typed_options(), playbook_files.own_arguments()
    found, count = [], 0
    for path, document in playbook_files.yaml_files():
        count += 1
        found += [f"{path}: {line}" for line in in_document(document, options, modules)]
    for path, text in playbook_files.templates():
        count += 1
        found += [f"{path}: {name}" for name in unconverted(text, options, is_text=True)]
    return found, count


def main():
    found, count = findings()
    print("\n".join([*found, f"{count} files checked for {len(typed_options())} options with a type, {len(found)} findings"]))
    return 1 if found or not count else 0


if __name__ == "__main__":
    sys.exit(main())
