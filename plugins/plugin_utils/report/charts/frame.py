"""What surrounds a drawing: name, unit and direction, legend, and the same values as a table."""

from __future__ import annotations

from collections.abc import Sequence

from .svg import escape


def figure(
    title: str,
    note: str,
    drawings: Sequence[str],
    legend: str = "",
    table: tuple[Sequence[str], Sequence[Sequence[str]]] | None = None,
    narrow: Sequence[str] = (),
    folded: str = "",
) -> str:
    """Return the drawings with what surrounds them, "" without any.

    note: unit and direction; table: the heads and the rows of what no other table of the page has; narrow: the same in
    a telephone's width; folded: what to read before the drawings are opened, where they show nothing that differs.
    """
    drawings = [one for one in drawings if one]
    if not drawings:
        return ""
    shown = _plots(drawings)
    if any(narrow):
        shown = f'<div class="roomy">{shown}</div><div class="tight">{_plots([one for one in narrow if one])}</div>'
    shown = f"{legend}{shown}"
    if folded:
        shown = f"<details><summary>{escape(folded)}</summary>{shown}</details>"
    said = f'<figcaption><strong>{escape(title)}</strong> <span class="soft">{escape(note)}</span></figcaption>'
    return f'<figure class="drawn">{said}{shown}{_table(title, table) if table else ""}</figure>'


def _plots(drawings: Sequence[str]) -> str:
    return f'<div class="plots">{"".join(drawings)}</div>'


def _table(title: str, table: tuple[Sequence[str], Sequence[Sequence[str]]]) -> str:
    heads, rows = table
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f'<td class="n">{escape(cell)}</td>' for cell in row[1:]) + "</tr>"
        for row in rows
    )
    return (
        "<details><summary>The same as a table</summary>"
        f'<div class="scroll" role="group" tabindex="0" aria-label="Table: {escape(title)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details>"
    )
