"""Answers probes for any Host, as load balancers and Prometheus address a machine by IP."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import resolve

PATHS = frozenset({"/health/live", "/health/ready", "/metrics"})


def answered(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware that answers probes before all middleware inside it, ALLOWED_HOSTS included.

    This is safe: their views read neither Host nor session, and their answers contain no URL.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.path_info not in PATHS:
            return get_response(request)
        match = resolve(request.path_info)
        request.resolver_match = match
        response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        return response

    return answer


def is_named_here(request: HttpRequest) -> bool:
    """Says whether the Host is one of ours or an IP address.

    Other names are rejected: a foreign page can point its name at this machine (DNS rebinding).
    """
    with suppress(DisallowedHost):
        return bool(request.get_host())
    with suppress(ValueError):
        ip_address(urlsplit(f"//{request.META.get('HTTP_HOST', '')}").hostname or "")
        return True
    return False
