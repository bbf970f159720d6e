"""Content negotiation: there is one representation, JSON, whatever a caller says it accepts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class AlwaysTheSame(DefaultContentNegotiation):
    """A page is never without a layout because of an Accept header."""

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> Any:
        chosen = next(iter(renderers))
        return chosen, chosen.media_type
