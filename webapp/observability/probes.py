"""Probes are answered whatever the Host: load balancers and Prometheus ask by address."""

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
    """Middleware: what is inside of it, the check of ALLOWED_HOSTS too, is left out for probes.

    Their views read neither the Host nor a session, and no answer of theirs holds an address.
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
    """Whether the Host is ours or an address: never a name that somebody else's page made lead to
    this machine (DNS rebinding)."""
    with suppress(DisallowedHost):
        return bool(request.get_host())
    with suppress(ValueError):
        ip_address(urlsplit(f"//{request.META.get('HTTP_HOST', '')}").hostname or "")
        return True
    return False
