"""A public page: blocks in default order, and an inline script that places them by a byte.

The page carries its book's orders and cells as strings, a character each, so that it needs no
request before its first paint: 256 entries of 14 blocks at 3 breakpoints take 4 kB compressed.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import logging
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.db import DatabaseError
from django.utils.translation import get_language

from uiengine.behaviour.days import day_of
from uiengine.explain import AT_MOST
from uiengine.page.surface import Same, Surface
from webapp.layouts.answer.payload import reason_sentence
from webapp.layouts.html.grid_css import BASE, CONTROLS, breakpoints_of
from webapp.lib.times import to_milliseconds, utc_now
from webapp.serving.books import PublicBook, books
from webapp.serving.pages import serving

log = logging.getLogger(__name__)
SERVED, DEVICE = "adaptive-layout", "adaptive-device"
"""Elements of pages whose byte comes from the server, and is chosen on the device."""
FOLDER = Path(__file__).parents[1] / "static/uiengine"


def _script(*names: str) -> str:
    text = "\n".join((FOLDER / name).read_text("utf-8") for name in names)
    return "\n".join(line.strip() for line in text.splitlines() if line)


def _hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


SCRIPT = _script("place-book.js")
"""The inline script, at most 1 kB."""
SCRIPT_HASH = _hash(SCRIPT)
"""For `script-src` of a page's policy, in place of a nonce."""
DEVICE_SCRIPT = _script("place-device.js", "place-book.js")
"""That of pages whose byte is chosen on the device: the first part says which one."""
DEVICE_SCRIPT_HASH = _hash(DEVICE_SCRIPT)
SCRIPTS = {SERVED: SCRIPT, DEVICE: DEVICE_SCRIPT}
FIRST = 48
"""Character code of 0."""
WAITING = (
    "@media (scripting:enabled){adaptive-layout[from=book]:not([data-token])>[data-grid]"
    "{visibility:hidden;animation:al-show 0s 1s forwards}}"
    "@keyframes al-show{to{visibility:visible}}"
)
"""Blocks are not painted before they stand in their places; for a second at most, should a policy
forbid the script."""


def book_data(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the page carries of its book; None where it has none."""
    page = serving.page(payload["surface"])
    if page is None:
        return None
    try:
        book = books.of_page(page, day_of(to_milliseconds(utc_now()), page.surface.zone))
    except DatabaseError:
        log.warning("books.database_away", exc_info=True)
        return None
    names = tuple(name for name, _ in breakpoints_of(payload))
    return _data(Same(book), Same(page.surface), names, get_language()) if book else None


@lru_cache(maxsize=64)
def _data(
    of: Same[PublicBook], surface: Same[Surface], breakpoints: tuple[str, ...], language: str | None
) -> dict[str, Any]:
    """language: of the reasons' sentences, as part of the cache's key."""
    book = of.value
    at = json.loads(gzip.decompress(book.body))["at"]
    entries = [at[name]["cells"] for name in breakpoints]
    # Grid lines count from 1; cells are x, y, x, y…
    lines = [
        _text(cell + 1 for entry in cells for cell in entry[axis::2])
        for cells in entries
        for axis in (1, 0)
    ]
    # Where blocks widen over gaps, their widths differ by entry.
    wide = [at[name]["widths"] for name in breakpoints if "widths" in at[name]]
    lines += [_text(width for entry in widths for width in entry) for widths in wide]
    return {
        "on": book.surface,
        "hash": book.hash,
        "ids": list(book.blocks),
        "lists": [_text(book.orders.ravel().tolist()), *lines],
        **_why(book, surface.value),
    }


def _why(book: PublicBook, surface: Surface) -> dict[str, Any]:
    """said: sentences; why: of each entry AT_MOST of their numbers, as characters.

    What is said of a block is the same in every entry that says it.
    """
    number = {claim: i for i, claim in enumerate(dict.fromkeys(c for of in book.why for c in of))}
    said = [[claim[1], reason_sentence(book.reason(claim, surface))] for claim in number]
    rows = [[number[claim] for claim in of] for of in book.why]
    padded = [n for row in rows for n in (*row, *[len(said)] * (AT_MOST - len(row)))]
    return {"said": said, "why": _text(padded)}


def _text(numbers: Any) -> str:
    return "".join(chr(FIRST + n) for n in numbers)


def page_css(payload: Mapping[str, Any], *, controls: bool, tag: str = SERVED) -> str:
    """The CSS of the default layout, whose cells the script may change. tag: the page's element.

    `--al0` is a block's row at the narrowest breakpoint, `--al1` its column, and so on; after those
    of all breakpoints come the widths, where they differ.
    """
    scope = f'adaptive-layout[surface="{payload["surface"]}"]>[data-grid]'
    known = breakpoints_of(payload)
    points = "".join(
        f"@container (min-width:{min_width}px){{"
        f"{scope}{{grid-template-columns:repeat({payload['cols'][name]},minmax(0,1fr));"
        f"grid-auto-rows:minmax({payload['row_height']}px,auto)}}"
        f"{_areas(payload['layouts'][name], scope, number, len(known))}}}"
        for number, (name, min_width) in enumerate(known)
    )
    css = BASE + (CONTROLS if controls else "") + WAITING + points
    return css if tag == SERVED else css.replace(f"{SERVED}[from=book]", tag).replace(SERVED, tag)


def _areas(items: list[Mapping[str, Any]], scope: str, number: int, count: int) -> str:
    """The rules of breakpoint `number` of `count`."""
    return "".join(
        f'{scope}>[data-block="{item["id"]}"]'
        f"{{grid-row:var(--al{2 * number},{item['y'] + 1})/span {item['h']};"
        f"grid-column:var(--al{2 * number + 1},{item['x'] + 1})/"
        f"span var(--al{2 * count + number},{item['w']})}}"
        for item in items
    )
