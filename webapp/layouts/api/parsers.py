"""Parses JSON bodies up to a maximum size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from webapp.layouts.errors.problem import TooLarge, body_length


class BoundedJSONParser(JSONParser):
    """Refuses a body above DATA_UPLOAD_MAX_MEMORY_SIZE before reading it."""

    strict = True

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        request = parser_context["request"] if parser_context else None
        length = body_length(request)
        if length is not None and length > most:
            raise TooLarge(length)
        try:
            data = super().parse(stream, media_type, parser_context)
            json.dumps(data, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except UnicodeEncodeError as error:
            raise ParseError("The JSON holds half of a character (a lone surrogate).") from error
        return data
