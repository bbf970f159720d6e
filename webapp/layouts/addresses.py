"""The API's addresses as they are in this project.

Texts that we ship (snippets, the error catalogue, the OpenAPI document) are written with `/api/`,
where our own project has the API; what is shown has the prefix of the project that shows it.
"""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

WRITTEN = "/api/"
NOWHERE = "\0"
"""The prefix where the API is not mounted, which `manage.py check` reports: no path begins so."""


def api_prefix() -> str:
    """The path that all addresses of the API begin with, under any script name and language."""
    try:
        return reverse("uiengine_layouts:layout").removesuffix("layout")
    except NoReverseMatch:
        return NOWHERE


def as_mounted(text: str) -> str:
    """A text that we ship, with the addresses of this project."""
    prefix = api_prefix()
    return text if prefix == NOWHERE else text.replace(WRITTEN, prefix)
