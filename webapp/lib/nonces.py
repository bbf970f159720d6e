"""The nonce of a page's content security policy, whoever makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def nonce_of(context: Mapping[str, Any]) -> str:
    """Returns the nonce of the page's policy, or an empty text.

    It comes from a context processor, from django-csp's middleware, or from Django 6's, whose
    `get_nonce` reads `_csp_nonce`. Both of these make it when it is first read and are false until
    then, so it is read as text.
    """
    given = [context.get("csp_nonce")]
    given += [getattr(context.get("request"), name, None) for name in ("csp_nonce", "_csp_nonce")]
    return next((text for nonce in given if nonce is not None and (text := str(nonce))), "")
