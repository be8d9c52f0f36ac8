"""The table of tests/fakemac/README.md that maps traps to tests: each trap is there, each named test exists."""

import re


def table(root):
    text = (root / "tests" / "fakemac" / "README.md").read_text()
    return re.findall(r"(?m)^\| (\d.*?) \| (.*) \|$", text[text.index("## Traps and their tests") :])


def test_each_trap_has_a_row(root):
    numbered = {int(number) for trap, _test in table(root) for number in re.findall(r"(?:^|; |, )(\d+)(?=[ ,])", trap)}
    assert numbered == set(range(1, 51))


def test_each_named_test_exists(root):
    sources = {path.stem: path.read_text() for folder in ("tests", "molecule") for path in (root / folder).rglob("test_*.py")}
    for _trap, words in table(root):
        for module, name in re.findall(r"`(test_\w+)(?:::(test_\w+))?`", words):
            assert module in sources, module
            assert not name or f"def {name}(" in sources[module], f"{module}::{name}"
        for name in re.findall(r"`::(test_\w+)`", words):
            assert any(f"def {name}(" in source for source in sources.values()), name
