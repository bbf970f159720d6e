"""Finds the address that a request came from, and the network that counts as one caller."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.conf import settings
from rest_framework.settings import api_settings


def address_of(meta: Mapping[str, Any]) -> str:
    """The caller's address, without a port.

    Behind proxies it is the one in X-Forwarded-For that the first of them added: what stands before
    it, the caller wrote.
    """
    count = _proxies()
    forwarded = meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if count else [""]
    return _bare(forwarded[-min(count, len(forwarded))]) or _bare(meta.get("REMOTE_ADDR", ""))


def network_of(address: str) -> str:
    """The /64 network of an IPv6 address, as one caller usually has all its addresses."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    is_v6 = isinstance(found, IPv6Address)
    return str(ip_network((int(found), 64), strict=False)) if is_v6 else address


def _proxies() -> int:
    """REST framework's NUM_PROXIES; where it is not set, one if a proxy tells of https."""
    count = api_settings.NUM_PROXIES
    return (1 if settings.SECURE_PROXY_SSL_HEADER else 0) if count is None else int(count)


def _bare(text: str) -> str:
    """The address in `192.0.2.1:4711`, `[2001:db8::1]:443` or `::ffff:192.0.2.1`; "" if none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return ""
    return str(getattr(found, "ipv4_mapped", None) or found)
