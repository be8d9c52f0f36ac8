"""Made-up input for tests: recorded samples that are damaged, JSON of any shape, and what must hold for every answer.

HYPOTHESIS_PROFILE=long gives ten times as many inputs, other ones each time; without it they are the same in every run.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
HANG_S = 20  # of CPU, far beyond what any input takes: ends what would never end
WAIT_S = 300  # by the clock, where nothing is computed
COUNTS: dict[str, int] = {}  # {group: inputs so far}; tests/properties/conftest.py adds the processes up


def inputs(group, count):
    """Return a decorator for a test of Hypothesis with ``count`` inputs, which are counted for ``group``."""
    chosen = settings(
        max_examples=count * 10 if LONG else count,
        deadline=None,
        derandomize=not LONG,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )

    def decorate(test):
        inner = test.hypothesis.inner_test

        @functools.wraps(inner)
        def counted(*arguments, **named):
            COUNTS[group] = COUNTS.get(group, 0) + 1
            return inner(*arguments, **named)

        test.hypothesis.inner_test = counted
        return chosen(test)

    return decorate


class Hang(BaseException):
    """Something did not end; not an Exception, so that no guard of the code takes it."""


@contextlib.contextmanager
def ends(seconds=HANG_S):
    """Raise Hang where the block does not end."""

    def stop(_number, _frame):
        raise Hang(f"no end after {seconds} s of CPU, or {WAIT_S} s")

    timers = {signal.SIGVTALRM: (signal.ITIMER_VIRTUAL, seconds), signal.SIGALRM: (signal.ITIMER_REAL, WAIT_S)}
    before = {number: signal.signal(number, stop) for number in timers}
    for timer, limit in timers.values():
        signal.setitimer(timer, limit)
    try:
        yield
    finally:
        for timer, _limit in timers.values():
            signal.setitimer(timer, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


# --- what answers are made of

ANY = object()  # any value that JSON has, however deep


def fits(value, shape):
    """Return whether a value has a shape.

    shape: a type, None, a tuple of alternatives, [shape of every element], {shape of every element}, {key: shape} with exactly
    these keys, {type: shape} with any keys of that type, ANY.
    """
    if shape is ANY:
        return True
    if isinstance(shape, Pair):
        return shape.fits(value)
    if isinstance(shape, tuple):
        return any(fits(value, one) for one in shape)
    if shape is None:
        return value is None
    if isinstance(shape, type):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return number if shape is float else isinstance(value, shape) and (shape is bool or not isinstance(value, bool))
    if isinstance(shape, (list, set)):
        (inner,) = shape
        return isinstance(value, type(shape)) and all(fits(one, inner) for one in value)
    if not isinstance(value, dict):
        return False
    kind = next(iter(shape), None)
    if isinstance(kind, (type, tuple)):
        return all(fits(key, kind) and fits(one, shape[kind]) for key, one in value.items())
    return set(value) == set(shape) and all(fits(value[key], inner) for key, inner in shape.items())


class Pair:
    """The shape of a tuple with elements of these shapes."""

    def __init__(self, *shapes):
        self.shapes = shapes

    def fits(self, value):
        same = isinstance(value, tuple) and len(value) == len(self.shapes)
        return same and all(fits(one, shape) for one, shape in zip(value, self.shapes))


def is_sentence(text, most=2000):
    """Return whether a message is one line of bounded length with words in it, and no part of a traceback."""
    plain = isinstance(text, str) and bool(text.strip()) and len(text) <= most
    return plain and "Traceback" not in text and 'File "' not in text and "\n" not in text.strip()


# --- odd values

NUMBERS = ["", "-1", "0", "007", "1,5", "1.2.3", ".", "9" * 30, "9" * 5000, "²", "٣٤", "0x1f", "nan", "inf", "1e999", "?"]
WORDS = ["", "größe", "état", "активен", "(null)", "N/A", "unknown", "-", "--", ":", "=", "()", '"', "{", "}", "[", "%s", "1 2"]
CHARACTERS = ["\0", "\r", "\r\n", "\t", "\v", "\f", "\x1b[2J", "\x1c", "\x85", "\u2028", "\u202e", "\ufeff", "\udcff", "\ud800"]
TEXTS = st.one_of(
    st.sampled_from(NUMBERS + WORDS + CHARACTERS),
    st.text(max_size=20),
    st.sampled_from(["x" * 300, "/" + "y" * 5000, "ä" * 1000, "../../etc/passwd", "{{ 1 }}", "$(id)", "a\nb\nc", "=cmd"]),
)
INTEGERS = st.one_of(st.integers(-5, 70000), st.sampled_from([2**31, 2**63, -(2**63), 10**30, 10**400, -(10**400)]))
FLOATS = st.one_of(st.floats(), st.sampled_from([0.0, -0.0, 1e308, 5e-324]))
SCALARS = st.one_of(st.none(), st.booleans(), INTEGERS, FLOATS, TEXTS)
JSON = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)), max_leaves=8
)
ADDRESSES = st.sampled_from(
    [
        *[
            "10.0.0.1",
            "10.0.0.1/24",
            "010.0.0.1",
            "10.0.0.256",
            "fe80::1%en0",
            "::1",
            "[::1]",
            "2001:db8::1",
            "node.example.org",
            "node.example.org.",
        ],
        *["localhost", "-x", "10.0.0.1:6380", "255.255.255.255", "169.254.1.1", "1", "bücher.example"],
        *["", " ", "a b", "x" * 300, "10.0.0.1\n", "\0", "10.0.0.1, 10.0.0.2"],
    ]
)


@st.composite
def damaged(draw, samples):
    """Return one of the recorded texts with one to five faults, as a cut, a garbled or a translated answer has them."""
    text = draw(st.sampled_from(samples))
    for _fault in range(draw(st.integers(1, 5))):
        text = draw(st.sampled_from(_FAULTS))(draw, text)
    return text


def _place(draw, text):
    return draw(st.integers(0, len(text)))


def _cut(draw, text):
    return text[: _place(draw, text)]


def _hole(draw, text):
    begin = _place(draw, text)
    return text[:begin] + text[begin + draw(st.integers(1, 40)) :]


def _foreign(draw, text):
    place = _place(draw, text)
    return text[:place] + draw(TEXTS) + text[place:]


def _token(draw, text):
    """Put another word or number in place of one of the text."""
    words = text.split(" ")
    words[draw(st.integers(0, len(words) - 1))] = draw(st.sampled_from(NUMBERS + WORDS))
    return " ".join(words)


def _digits(draw, text):
    """Put something else in place of one run of digits."""
    begins = [place for place in range(len(text)) if text[place].isdigit() and not text[place - 1 : place].isdigit()]
    if not begins:
        return text
    begin = end = draw(st.sampled_from(begins))
    while end < len(text) and text[end].isdigit():
        end += 1
    return text[:begin] + draw(st.sampled_from(NUMBERS)) + text[end:]


def _lines(draw, text):
    """Double, drop, or shuffle lines."""
    lines = text.split("\n")
    one, other = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
    how = draw(st.sampled_from(["double", "drop", "swap", "reverse", "glue"]))
    if how == "double":
        lines.insert(other, lines[one])
    elif how == "drop":
        del lines[one]
    elif how == "swap":
        lines[one], lines[other] = lines[other], lines[one]
    elif how == "reverse":
        lines.reverse()
    else:
        lines[one : one + 2] = [" ".join(lines[one : one + 2])]
    return "\n".join(lines)


def _whole(draw, text):
    """Change every character of a kind: line ends, decimal points, blanks, capitals."""
    change = draw(
        st.sampled_from(
            [
                ("\n", "\r\n"),
                ("\n", "\r"),
                ("\n", ""),
                (".", ","),
                ("\t", "    "),
                (" ", "\t"),
                (" ", ""),
                (":", ";"),
                ('"', "'"),
            ]
        )
    )
    return draw(st.sampled_from([text.replace(*change), text.upper(), text * 3]))


def _bytes(draw, text):
    """Change some bytes, and read the result as the code reads what is no UTF-8."""
    raw = bytearray(text.encode("utf-8", "surrogatepass"))
    for _change in range(draw(st.integers(1, 4)) if raw else 0):
        raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
    return bytes(raw).decode("utf-8", draw(st.sampled_from(["replace", "surrogateescape"])))


_FAULTS = [_cut, _hole, _foreign, _token, _digits, _digits, _lines, _whole, _bytes]


def sizes(value):
    """Return about how many characters an answer has."""
    return len(value) if isinstance(value, str) else len(json.dumps(value, default=repr, skipkeys=True))
