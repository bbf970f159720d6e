"""`{% nonce %}`: the attribute that a policy of nonces alone asks of every link and script."""

from __future__ import annotations

from django import template
from django.template import Context
from django.utils.html import format_html

from webapp.lib.nonces import nonce_of

register = template.Library()


@register.simple_tag(takes_context=True)
def nonce(context: Context) -> str:
    """Returns the attribute with a space before it, or nothing where the page has no nonce."""
    found = nonce_of(context)  # type: ignore[arg-type] # a Context reads as a mapping
    return format_html(' nonce="{}"', found) if found else ""
