"""The documentation site: documents become pages whose links and lists hold, modules and roles become pages."""

import docs_site
import documents
import pytest
import reference_pages
import yaml


@pytest.mark.parametrize(
    ("path", "text", "there"),
    [
        ("README.md", "[a](docs/use.md)", "[a](use.md)"),
        ("README.md", "![a](docs/screenshots/desktop.png)", "![a](screenshots/desktop.png)"),
        ("README.md", "[a](LICENSE)", "[a](files/LICENSE)"),
        ("docs/use.md", "[a](../README.md#use-it)", "[a](index.md#use-it)"),
        ("docs/use.md", "[a](../SECURITY.md)", "[a](vulnerabilities.md)"),
        ("docs/decisions/README.md", "[a](0007-no-handlers.md)", "[a](0007-no-handlers.md)"),
        ("docs/decisions/README.md", "[a](../use.md)", "[a](../use.md)"),
        ("tests/fakemac/README.md", "[a](../../docs/use.md)", "[a](use.md)"),
        ("docs/use.md", "[a](#here) [b](https://example.org/x)", "[a](#here) [b](https://example.org/x)"),
        ("docs/use.md", "`[a](../README.md)`", "`[a](../README.md)`"),
        ("docs/use.md", "```text\n[a](../README.md)\n```", "```text\n[a](../README.md)\n```"),
    ],
)
def test_links_lead_to_the_page(path, text, there):
    assert docs_site.rewritten(text, path)[0] == there


def test_what_a_document_links_to_is_known():
    assert docs_site.rewritten("[a](../data/run.schema.json) [b](use.md#x)", "docs/faq.md")[1] == [
        "data/run.schema.json",
        "docs/use.md",
    ]


@pytest.mark.parametrize(
    ("text", "fitted"),
    [
        ("1. One\n\n   ```sh\n   x\n     y\n   ```\n", "1. One\n\n    ```sh\n    x\n      y\n    ```\n"),
        ("- One\n  more\n- Two\n", "- One\n    more\n- Two\n"),
        ("- One\n  - Below\n    more\n- Two\n", "- One\n    - Below\n        more\n- Two\n"),
        ("10. One\n\n    text\n\nAfter\n", "10. One\n\n    text\n\nAfter\n"),
        ("Text\n\n```text\n  kept\n```\n", "Text\n\n```text\n  kept\n```\n"),
    ],
)
def test_lists_are_indented_as_mkdocs_reads_them(text, fitted):
    assert docs_site.indented(text) == fitted


def test_comments_are_left_out():
    assert docs_site.page("| a <!-- kinds: x --> |\n<!-- test: y -->\n", "README.md")[0] == "| a |\n\n"


def test_every_document_is_in_the_menu(root):
    menu = yaml.safe_load((root / "mkdocs.yml").read_text())["nav"]
    listed = {
        page
        for entry in menu
        for pages in entry.values()
        for item in ([{"": pages}] if isinstance(pages, str) else pages)
        for page in item.values()
    }
    pages = {docs_site.site_name(str(path)) for path in documents.paths()} | set(docs_site.OUTSIDE.values())
    assert {page for page in pages if not page.startswith("decisions/")} == listed


def test_nothing_on_the_site_needs_another_host(root):
    config = yaml.safe_load((root / "mkdocs.yml").read_text())
    assert config["theme"]["font"] is False
    # The theme would fetch the program that draws these.
    assert not [path for path in documents.paths() if "```mermaid" in (root / path).read_text()]


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("Set C(x) to V(1), see M(saf.fabric.report).", "Set `x` to `1`, see `saf.fabric.report`."),
        (["One.", "Two."], "One. Two."),
        ("a | b <c>", "a \\| b &lt;c>"),
        ("L(page, https://example.org) U(https://example.org)", "[page](https://example.org) <https://example.org>"),
        ("B(bold) and P(saf.fabric.url_answer#filter)", "**bold** and `saf.fabric.url_answer`"),
        (None, ""),
    ],
)
def test_markup_of_ansible(text, markdown):
    assert reference_pages.prose(text) == markdown


def test_a_module_page_lists_nested_options_and_values():
    document = {
        "doc": {
            "short_description": "Do a thing",
            "description": ["It does."],
            "options": {
                "one": {
                    "type": "dict",
                    "required": True,
                    "description": ["First."],
                    "suboptions": {"two": {"description": "Second."}},
                },
                "three": {"type": "list", "elements": "str", "default": [], "choices": ["a", "b"], "description": "Third."},
            },
        },
        "examples": "\n- name: Example\n",
        "return": {
            "rows": {"type": "list", "elements": "dict", "returned": "always", "description": "Rows.", "contains": {"x": {}}}
        },
    }
    page = reference_pages.module_page("saf.fabric.thing", document)
    assert page.startswith("# thing\n")
    for line in (
        "| `one` | dict | required | First. |",
        "| `one.two` | str |  | Second. |",
        "| `three` | list of str: `a`, `b` | `[]` | Third. |",
        "- name: Example",
        "| `rows` | list of dict | always | Rows. |",
        "| `rows.x` | str |  |  |",
    ):
        assert line in page.splitlines()


def test_a_role_page_has_its_entry_points():
    one = {
        "short_description": "One",
        "description": "Text.",
        "options": {"a": {"type": "int", "default": 1, "description": "A."}},
    }
    page = reference_pages.role_page("saf.fabric.thing", {"entry_points": {"other": {"short_description": "Two"}, "main": one}})
    assert page.index("## Entry point main") < page.index("## Entry point other")
    assert "| `a` | int | `1` | A. |" in page
