"""JSON bodies, up to a size."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request


class TooLarge(APIException):
    """`length`: bytes of the body, None where it came without saying how long it is."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE

    def __init__(self, length: int | None = None) -> None:
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        has = f"has {length} bytes" if length is not None else "is too large"
        super().__init__(f"The body {has}; this server takes {most} bytes.")
        self.length = length


def body_length(request: HttpRequest | Request | None) -> int | None:
    """Bytes, as the request says; None where it does not."""
    length = request.META.get("CONTENT_LENGTH") if request else None
    return int(length) if length and length.isdecimal() else None


class BoundedJSONParser(JSONParser):
    """Refuses a body above DATA_UPLOAD_MAX_MEMORY_SIZE before it is read."""

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
