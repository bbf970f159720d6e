"""Addresses of admin pages, from models, so that no app label is written out."""

from __future__ import annotations

from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


def name_of(model: type[Model] | Model, page: str) -> str:
    """Returns the name of an admin page's address, without its namespace."""
    return f"{model._meta.app_label}_{model._meta.model_name}_{page}"


def page_of(row: Model, page: str = "change") -> str:
    """Returns the address of a row's page."""
    return reverse(f"admin:{name_of(row, page)}", args=[row.pk])


def list_of(model: type[Model], query: str = "") -> str:
    """Returns the address of a model's list. query: without the question mark."""
    address = reverse(f"admin:{name_of(model, 'changelist')}")
    return f"{address}?{query}" if query else address


def link(row: Model, label: object, page: str = "change") -> SafeString:
    """Renders a link to a row's page."""
    return format_html('<a href="{}">{}</a>', page_of(row, page), label)
