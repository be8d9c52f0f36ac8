"""Parts of a page with charts: its drawings as trees, and the colors that its style sheets set."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

_HEX = re.compile(r"#([0-9a-fA-F]{6}|[0-9a-fA-F]{3})$")


class _Drawings(HTMLParser):
    """Collect the text of each svg element."""

    def __init__(self, page):
        super().__init__(convert_charrefs=False)
        self.found, self._starts = [], [0]
        for number, letter in enumerate(page):
            if letter == "\n":
                self._starts.append(number + 1)
        self._page, self._begin = page, None
        self.feed(page)

    def _at(self):
        line, column = self.getpos()
        return self._starts[line - 1] + column

    def handle_starttag(self, tag, attrs):
        if tag == "svg":
            self._begin = self._at()

    def handle_endtag(self, tag):
        if tag == "svg":
            self.found.append(self._page[self._begin : self._at() + len("</svg>")])


def drawings(page, keys=False):
    """Return the trees of the drawings of a page or figure; keys: also those of legends and tables, which are no charts."""
    trees = [ElementTree.fromstring(text) for text in _Drawings(page).found]  # noqa: S314 our own text
    return trees if keys else [tree for tree in trees if tree.get("role") == "img"]


def texts(tree):
    """Return the texts of a drawing, with plain blanks."""
    return [(text.text or "").replace("\N{NO-BREAK SPACE}", " ") for text in tree.iter("text")]


def classes(tree, name):
    """Return the elements of a drawing with a class."""
    return [element for element in tree.iter() if name in (element.get("class") or "").split()]


def themes(css):
    """Return {"light", "dark", "print": {custom property: color}} of style sheets; dark and print change what light sets."""
    light, dark, printed = {}, {}, {}
    places = {"": light, "(prefers-color-scheme: dark)": dark, "print": printed}
    for media, body in re.findall(r"(?:@media ([^{]+) \{\s*)?:root \{([^}]*)\}", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)):
        for name, value in re.findall(r"--([\w-]+):\s*([^;]+)", body):
            places[media.strip()][name] = value.strip()
    return {"light": light, "dark": {**light, **dark}, "print": {**light, **printed}}


def luminance(color):
    """Return the relative luminance of #rgb or #rrggbb, as WCAG defines it."""
    (digits,) = _HEX.findall(color)
    pairs = [digit * 2 for digit in digits] if len(digits) == 3 else [digits[place : place + 2] for place in (0, 2, 4)]
    channels = [int(pair, 16) / 255 for pair in pairs]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    """Return the contrast of two colors: 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)
