"""Renders a layout payload as HTML: blocks in reading order, placed without scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string, select_template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from webapp.layouts.html import book_page
from webapp.layouts.html.emphasis import END, pointing_css
from webapp.layouts.html.grid_css import page_css
from webapp.lib.nonces import nonce_of


def render(
    payload: Mapping[str, Any],
    context: Mapping[str, Any],
    *,
    token: str = "",
    controls: bool,
    csrf: Mapping[str, str] | None = None,
    book: Mapping[str, Any] | None = None,
    tag: str = book_page.SERVED,
) -> SafeString:
    """Renders the whole element.

    context: for the blocks' templates. csrf: sent by the client with wishes, from `client_csrf`.
    book: of a page that is the same for everybody, from `book_page`; empty while it has none. tag:
    the element, see `book_page`.
    """
    if book is None:
        css = page_css(payload, controls=controls)
    else:
        css = book_page.page_css(payload, controls=controls, tag=tag)
    shown = (*payload["order"], *payload["tray"])
    blocks = [_block(payload, block_id, context) for block_id in shown]
    api = reverse("uiengine_layouts:health").removesuffix("health")
    return render_to_string(
        "uiengine/adaptive_layout.html",
        {
            "payload": payload,
            "tag": tag,
            "api": api,
            "token": token,
            "controls": controls,
            "nonce": nonce_of(context),
            "css": mark_safe(css),
            "pointing": mark_safe(pointing_css(payload)),
            "how": (payload["emphasis"] or {}).get("how", ""),
            "end": mark_safe(END),
            "blocks": blocks,
            "tray": _tray(payload) if controls else None,
            "is_served": tag == book_page.SERVED,
            "is_book": book is not None,
            "place": mark_safe(book_page.SCRIPTS[tag]) if book else "",
            "boot": _boot(payload, book, controls, csrf, api, tag),
        },
    )


def _boot(
    payload: Mapping[str, Any],
    book: Mapping[str, Any] | None,
    controls: bool,
    csrf: Mapping[str, str] | None,
    api: str,
    tag: str,
) -> dict[str, Any]:
    """What the element's script reads."""
    if tag == book_page.DEVICE:
        counts = {"counts": True} if settings.UIENGINE_DEVICE_COUNTS else {}
        strings = _device_strings() if controls else {}
        return {"book": book, "api": api, "strings": strings, **counts}
    return {
        ("payload" if book is None else "page"): payload,
        "strings": _strings() if controls else {},
        **({"csrf": csrf} if csrf else {}),
        **({} if book is None else {"book": book}),
    }


def _block(payload: Mapping[str, Any], block_id: str, context: Mapping[str, Any]) -> dict[str, Any]:
    element = payload["elements"][block_id]
    why, has_moved = payload["why"].get(block_id, ""), block_id in payload["stability"]["moved"]
    is_kept = block_id in payload["pins"]
    is_next = block_id == (payload["emphasis"] or {}).get("block")
    seen = {"why": why, "has_moved": has_moved, "is_pinned_by_user": is_kept, "is_next": is_next}
    away = {
        "is_folded": block_id in payload["folded"],
        "is_put_away": block_id in payload["tray"],
    }
    block = {**element, "id": block_id, **seen, **away}
    template = select_template(
        [
            f"{payload['surface']}/{block_id}.html",
            f"{payload['surface']}/block.html",
            f"blocks/{element['kind']}.html",
            "uiengine/block.html",
        ]
    )
    return {**block, "html": mark_safe(template.render({**context, "block": block}))}


def _tray(payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the script writes at the end of the page, so that nothing shifts when it starts."""
    words, suggestion = _strings(), payload["suggestion"]
    titles = (payload["elements"][block_id]["title"] for block_id in payload["tray"])
    back = [words["bring_back"].format(title=title) for title in titles]
    if not back and not suggestion:
        return None
    return {"words": words, "back": back, "says": suggestion and suggestion["says"]}


def _strings() -> dict[str, str]:
    """The client's texts, in the language of the request."""
    return {
        "options": _("Options for {title}"),
        "why": _("Why is this here?"),
        "pin": _("Keep it here"),
        "unpin": _("Let it move"),
        "earlier": _("Move up"),
        "later": _("Move down"),
        "layout": _("Layout"),
        "undo": _("Undo"),
        "freeze": _("Freeze"),
        "reset": _("Reset"),
        "moved": _("Moved since your last visit: {titles}."),
        "placed": _("{title} is now number {rank} of {count}."),
        "pinned": _("{title} stays where it is."),
        "unpinned": _("{title} may move again."),
        "undone": _("Your last change is undone."),
        "returned": _("The layout is as it was at your last visit."),
        "nothing": _("There is nothing to undo."),
        "changed": _("The layout was changed elsewhere. Nothing is undone."),
        "frozen": _("The layout is frozen."),
        "unfrozen": _("The layout may adapt again."),
        "restored": _("The layout is back to the default."),
        "failed": _("That did not work: {problem}"),
        "plain": _("This is its usual place."),
        "fold": _("Show only its title"),
        "unfold": _("Show all of it"),
        "larger": _("Larger"),
        "smaller": _("Smaller"),
        "resized": _("{title} has another size."),
        "put_away": _("Put it away"),
        "bring_back": _("Bring back {title}"),
        "decline": _("No, keep it"),
        "tray": _("Put away"),
        "said_fold": _("{title} shows only its title."),
        "said_put_away": _("{title} is now at the end of the page."),
        "said_bring_back": _("{title} is shown again."),
        "said_decline": _("{title} stays where it is."),
    }


def _device_strings() -> dict[str, str]:
    """Those of a page that keeps everything on the device."""
    return {
        "layout": _("Layout"),
        "export": _("Save what this device knows of me"),
        "erase": _("Erase it"),
        "erased": _("This device has forgotten what you used here."),
    }
