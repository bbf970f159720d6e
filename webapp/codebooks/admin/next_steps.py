"""Links in the admin to what stands between a version and serving a surface."""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from webapp.codebooks.gate.clearance import Blocker, blockers
from webapp.codebooks.models import Alias, CodebookVersion
from webapp.codebooks.registry.aliases import champion_before
from webapp.lib.admin_pages import link, page_of
from webapp.surfaces.models import Surface

MOVE = "uiengine_codebooks.change_alias"


class Permitted(Protocol):
    """A user of the host's model, or nobody."""

    def has_perm(self, perm: str) -> bool: ...


def way_on(user: Permitted, version: str, blocker: Blocker) -> SafeString:
    """Renders a blocker with a link to where it is resolved, or whom to ask."""
    says = f"{version} {blocker.problem}."
    if not blocker.page:
        return format_html("{} {}", says, blocker.step)
    if not user.has_perm(blocker.permission):
        ask = f"Ask somebody with the permission {blocker.permission}: {blocker.label.lower()}."
        return format_html("{} {}", says, ask)
    address = reverse(f"admin:{blocker.page}", args=blocker.args)
    return format_html('{} <a href="{}">{}</a>', says, address, blocker.label)


def still_to_do(user: Permitted, version: CodebookVersion, surface: Surface) -> SafeString:
    """Renders all that stands in the way of serving, or the step that is left: to promote."""
    if surface.aliases.filter(name=Alias.Name.CHAMPION, version=version).exists():
        return format_html("{} serves {} already.", link(version, version), link(surface, surface))
    found = blockers(version, surface)
    if found:
        ways = ((way_on(user, version.name, blocker),) for blocker in found)
        return format_html_join(mark_safe("<br>"), "{}", ways)
    clear = f"Nothing stands in the way of {version.name} on {surface.slug} now."
    if not user.has_perm(MOVE):
        return format_html("{} Ask somebody with the permission {} to promote it.", clear, MOVE)
    return format_html(
        '{} <a href="{}">Promote it</a>, or let it decide <a href="{}">in the shadow or as a '
        "canary</a>.",
        clear,
        step_address(version, surface, "promote"),
        step_address(version, surface, "challenge"),
    )


def after_acknowledging(
    user: Permitted, version: CodebookVersion, surface: Surface | None
) -> SafeString:
    """Says what an acknowledgement changed: what else stands in the way, or nothing."""
    if surface is None:
        return format_html("{}", "Acknowledged.")
    return format_html("Acknowledged. {}", still_to_do(user, version, surface))


def step_address(version: CodebookVersion, surface: Surface, step: str) -> str:
    """Returns the address of a version's step with the surface chosen already."""
    return f"{page_of(version, step)}?{urlencode({'surface': surface.pk})}"


def rollback_offers(user: Permitted, version: CodebookVersion) -> list[dict[str, Any]]:
    """Returns surfaces that this version serves and that have an earlier champion."""
    if not user.has_perm(MOVE):
        return []
    aliases = version.aliases.filter(name=Alias.Name.CHAMPION).select_related("surface")
    return [
        {"surface": alias.surface, "address": page_of(alias.surface, "rollback")}
        for alias in aliases
        if champion_before(alias.surface, version)
    ]
