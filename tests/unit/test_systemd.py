"""Arguments in units."""

import pytest
from ansible.module_utils.saf import systemd


@pytest.mark.parametrize(
    ("argument", "quoted"),
    [
        ("--port=6380", "--port=6380"),
        ('--resources={"mlx": 1}', '"--resources={\\"mlx\\": 1}"'),
        ("a b", '"a b"'),
        ("100%", '"100%%"'),
        ("$HOME", '"$$HOME"'),
        ("back\\slash", '"back\\\\slash"'),
        ("", '""'),
    ],
)
def test_quote(argument, quoted):
    assert systemd.quote(argument) == quoted
