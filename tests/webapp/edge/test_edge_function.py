"""The edge function puts a public page's blocks where the reader's byte has them, or lets it be."""

from __future__ import annotations

import html as entities
import json
import re
from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
import pytest

from tests.webapp.edge import node

IDS = ["news", "mail", "forum", "notes", "help"]
HASH = "0123456789abcdef"
ORDERS = [np.random.default_rng(i).permutation(5).tolist() for i in range(256)]
ROWS = [np.random.default_rng(i + 999).integers(0, 200, 5).tolist() for i in range(256)]
CONTENT = {
    "news": '<p class="a > b">2 &lt; 3<br>more</p><!-- </section> -->',
    "mail": "<section>inner<img src=x></section>",
    "forum": "<script>if (1 < 2) '</section'</script>",
    "notes": "<textarea></section></textarea><ul><li>one</li></ul>",
    "help": "$& $' $1",
}


def text(numbers: Iterable[int]) -> str:
    return "".join(chr(48 + n) for n in numbers)


def page(content: dict[str, str] = CONTENT, surface: str = "home") -> str:
    """A public page as the template tag writes it, in default order."""
    lists = [text(chain(*rows)) for rows in (ORDERS, ROWS)]
    boot = {"page": {"surface": surface}, "book": {"on": surface, "hash": HASH, "ids": IDS}}
    boot["book"]["lists"] = lists
    quoted = json.dumps(boot).replace("<", "\\u003C").replace(">", "\\u003E")
    blocks = "\n".join(
        f'<section data-block="{block}" aria-label="{entities.escape(block)}">\n{inner}\n</section>'
        for block, inner in content.items()
    )
    return (
        f'<adaptive-layout surface="{surface}" api="/api/" from="book">\n<style>.a{{}}</style>\n'
        f"<div data-grid>\n{blocks}\n</div>\n"
        f'<script type="application/json">{quoted}</script><script>place()</script>\n'
        "</adaptive-layout>"
    )


def cookie(byte: int, book: str = HASH, name: str = "layout_byte_home") -> str:
    return f"csrftoken=x; {name}={byte}.{book}.{'0' * 32}.{'a' * 16}-1-2-3:{'s' * 43}"


def answers(tmp_path, pages: list[str], *requests: dict[str, Any]) -> list[dict[str, Any]]:
    given = {"html": pages, "requests": list(requests)}
    found: list[dict[str, Any]] = node.run("place.mjs", tmp_path / "in", given)
    return found


def order_of(body: str) -> list[str]:
    return re.findall(r'<section data-block="(\w+)"', body)


def test_every_byte_places_the_order_and_the_cells_of_the_book(tmp_path) -> None:
    asked = [{"cookie": cookie(byte)} for byte in range(256)]
    for byte, found in enumerate(answers(tmp_path, [page()], *asked)):
        assert order_of(found["body"]) == [IDS[i] for i in ORDERS[byte]]
        rows = re.findall(r'\[data-block="(\w+)"\]\{--al0:(\d+)\}', found["body"])
        assert rows == [(IDS[i], str(row)) for i, row in enumerate(ROWS[byte])]


def test_blocks_are_moved_whole_and_the_rest_of_the_page_stays(tmp_path) -> None:
    whole = f"<!doctype html><title>a</title>{page()}<footer>b</footer>"
    (found,) = answers(tmp_path, [whole], {"cookie": cookie(7)})
    assert found["body"].startswith("<!doctype html><title>a</title><adaptive-layout")
    assert found["body"].endswith("</adaptive-layout><footer>b</footer>")
    for block, inner in CONTENT.items():
        section = f'<section data-block="{block}" aria-label="{block}">\n{inner}\n</section>'
        assert found["body"].count(section) == 1


def test_a_placed_page_is_private_and_the_cache_is_asked_without_cookies(tmp_path) -> None:
    placed, plain = answers(tmp_path, [page()], {"cookie": cookie(3)}, {})
    assert placed["headers"]["cache-control"] == "private, no-store"
    assert "etag" not in placed["headers"]
    assert placed["asked"] == plain["asked"] == [None]
    assert plain["headers"]["cache-control"] == "public, max-age=60"


def test_what_is_sent_passes_with_its_cookies_and_a_head_has_no_body(tmp_path) -> None:
    post, head = answers(
        tmp_path,
        [page()],
        {"cookie": cookie(3), "method": "POST"},
        {"cookie": cookie(3), "method": "HEAD"},
    )
    assert post["asked"] == [cookie(3)]
    assert post["body"] == page()
    assert (head["asked"], head["body"]) == ([None], "")


def test_without_a_byte_the_next_visits_is_taken(tmp_path) -> None:
    (found,) = answers(tmp_path, [page()], {"cookie": cookie(9, name="layout_next_home")})
    assert order_of(found["body"]) == [IDS[i] for i in ORDERS[9]]


BROKEN = {**CONTENT, "mail": "<b>not closed"}


@pytest.mark.parametrize(
    ("made", "asked"),
    [
        pytest.param(page(), {"cookie": cookie(3, "f" * 16)}, id="another book"),
        pytest.param(page(), {"cookie": cookie(999)}, id="no entry"),
        pytest.param(page(), {"cookie": "layout_byte_home=engine"}, id="served by the engine"),
        pytest.param(page(), {"cookie": 'layout_byte_home=3.x"><script>'}, id="no token"),
        pytest.param(page(BROKEN), {"cookie": cookie(3)}, id="tags that do not nest"),
        pytest.param(page().replace("lists", "list"), {"cookie": cookie(3)}, id="unknown data"),
        pytest.param("<p>no layout", {"cookie": cookie(3)}, id="another page"),
        pytest.param(page(), {"cookie": cookie(3), "status": 500}, id="an error"),
        pytest.param(page(), {"cookie": cookie(3), "type": "text/plain"}, id="no page"),
    ],
)
def test_the_page_passes_as_it_is_with(tmp_path, made, asked) -> None:
    (found,) = answers(tmp_path, [made], asked)
    assert found["body"] == made
    assert found["headers"]["cache-control"] == "public, max-age=60"
    assert found["status"] == asked.get("status", 200)


def test_two_surfaces_are_placed_by_a_byte_each(tmp_path) -> None:
    both = page() + page(surface="shop")
    given = f"{cookie(5)}; {cookie(6, name='layout_byte_shop')}"
    (found,) = answers(tmp_path, [both], {"cookie": given})
    assert order_of(found["body"]) == [IDS[i] for byte in (5, 6) for i in ORDERS[byte]]
