"""Content negotiation with one representation, JSON, for any Accept header."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class AlwaysTheSame(DefaultContentNegotiation):
    """Chooses JSON always, so that no Accept header leaves a page without a layout."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> Any:
        chosen = next(iter(renderers))
        return chosen, chosen.media_type
