#!/usr/bin/env python3
"""Compare each role's defaults with its argument specs: the same variables, the same values, each with a description."""

from __future__ import annotations

import sys

import specs

# How a description names a default that is no literal.
WORDS = ("default", "per host", "optional", "when it is not set", "unset", "when empty")


def is_literal(value):
    return "{{" not in str(value)


def check(role, spec, options, defaults):
    """Return what is wrong with a role, as sentences."""
    if spec is None:
        return [f"Role {role} has no meta/argument_specs.yml: add one, if only with a description."]
    wrong = []
    for entry in spec:
        if "short_description" not in spec[entry]:
            wrong.append(f"Role {role}, entry point {entry}, has no short_description: add one.")
    for name in sorted(set(defaults) - set(options)):
        wrong.append(f"{name} of role {role} has a default and no option in its argument spec: add one.")
    for name, option in sorted(options.items()):
        if "description" not in option:
            wrong.append(f"{name} of role {role} has no description in meta/argument_specs.yml.")
        if "default" in option and name not in defaults:
            wrong.append(f"{name} of role {role} has a default in its argument spec only: set it in defaults/main.yml.")
        elif "default" in option and option["default"] != defaults[name]:
            wrong.append(
                f"{name} of role {role} is {defaults[name]!r} by default and its argument spec says"
                f" {option['default']!r}: make them equal."
            )
        elif name in defaults and "default" not in option and is_literal(defaults[name]):
            wrong.append(f"{name} of role {role} is {defaults[name]!r} by default: its argument spec must have the same.")
        elif "default" not in option and not option.get("required") and not has_default_in_words(option):
            wrong.append(
                f"{name} of role {role} has no default and is not required: say in its description what it is when it is not set."
            )
    return wrong


def has_default_in_words(option):
    """Return whether a description names the value that counts where none is set."""
    text = specs.sentences(option.get("description", "")).lower()
    return any(word in text for word in WORDS)


def main():
    wrong = []
    names = specs.roles()
    for role in names:
        wrong += check(role, specs.spec_of(role), specs.options_of(role), specs.defaults_of(role))
    for sentence in wrong:
        print(sentence)
    print(f"{len(names)} roles checked, {len(wrong)} findings")
    return 1 if wrong or not names else 0


if __name__ == "__main__":
    sys.exit(main())
