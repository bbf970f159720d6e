"""What the engine knows of one person, as the side panel shows it."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from webapp.codebooks.serving import serving
from webapp.layouts import services
from webapp.subjects import decisions

BITS_PER_TOKEN = 8


def facts(key: str, slug: str) -> dict[str, Any]:
    """Decides once more what the page was given: same situation, same decision."""
    page = serving.page(slug)
    if page is None:
        return {}
    found = services.budgeted(services.situation(key=key, page=page, now=timezone.now()))
    decision, status = services.decide(found)
    titles = {block.id: block.title for block in page.surface.blocks}
    demand = zip(titles.values(), decision.demand, strict=False)
    bars = [{"title": title, "percent": round(100 * p)} for title, p in demand]
    return {
        "decision": decisions.sign(services.served(found, decision, status)),
        "status": status,
        "tokens": decision.tokens,
        "bits": BITS_PER_TOKEN * len(decision.tokens),
        "side_bits": decision.side_bits,
        "moved": [titles[b] for b in decision.stability.moved],
        "budget": page.surface.guardrails.move_budget,
        "demand": sorted(bars, key=lambda bar: -bar["percent"]),
        "visits": found.profile.visits,
        "energy": decision.energy,
        "saves": decision.stability.saves_seconds if decision.stability.moved else None,
        "version": decision.version,
        "revision": decision.revision,
    }
