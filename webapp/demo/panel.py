"""Builds the side panel's facts about one person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from uiengine import engine
from uiengine.decision import Decision, Reason
from uiengine.explain import LARGEST
from uiengine.page.reading_order import default_order
from uiengine.put_away import folded_and_tray
from webapp.demo.compare import compared
from webapp.demo.goals import goals_of
from webapp.demo.words import STATUSES
from webapp.layouts.answer import context, read
from webapp.layouts.answer.context import DecisionContext
from webapp.layouts.answer.payload import reason_sentence
from webapp.lib.times import utc_now
from webapp.serving.pages import serving
from webapp.subjects import decisions

BITS_PER_TOKEN = 8
CANDIDATES = 5


def facts_now(key: str, slug: str) -> dict[str, Any]:
    """Decides the page once more: an unchanged situation gives an unchanged decision."""
    page = serving.page(slug)
    if page is None:
        return {}
    found = context.decision_context(key=key, page=page, now=utc_now())
    if found.key and not found.budget:
        found = replace(found, budget=context.budget_agree(found, context.affordable(0.0)))
    return {**facts(found, *read.decide(found, CANDIDATES)), "goals": goals_of(key, slug)}


def facts(found: DecisionContext, decision: Decision, status: str) -> dict[str, Any]:
    surface, version = found.page.surface, found.page.version
    titles = {block.id: block.title for block in surface.blocks}
    demand = zip(titles.values(), decision.demand, strict=False)
    bars = [{"title": title, "percent": round(100 * p)} for title, p in demand]
    return {
        "compare": compared(found, decision),
        "decision": decisions.sign(read.served(found, decision, status)),
        "status": status,
        "status_word": _(STATUSES[status]),
        "tokens": decision.tokens,
        "bits": BITS_PER_TOKEN * len(decision.tokens),
        "side_bits": decision.side_bits,
        "moved": [titles[b] for b in decision.stability.moved],
        "resized": [titles[b] for b in decision.stability.resized],
        "sizes": _sizes(decision, titles) if surface.guardrails.sizes else None,
        "expected": _expected(decision, titles) if surface.guardrails.points else None,
        "budget": surface.guardrails.move_budget,
        "changed": len({*decision.stability.moved, *decision.stability.resized}),
        "is_guess": surface.slug not in getattr(version, "surfaces", ()),
        "is_served": version is not None,
        "is_chosen_by_hand": engine.fixed_order(context.request_of(found)) is not None,
        "demand": sorted(bars, key=lambda bar: -bar["percent"]),
        "candidates": _candidates(found, decision),
        "reasons": [_reason(titles, reason) for reason in decision.reasons],
        "guardrails": _guardrails(found, decision, titles),
        "away": _away(found, decision, titles) if surface.guardrails.put_away else None,
        "visits": found.profile.visits,
        "saves": decision.stability.saves_seconds if _is_changed(decision) else None,
        "version": decision.version,
        "revision": decision.revision,
    }


def _is_changed(decision: Decision) -> bool:
    return bool(decision.stability.moved or decision.stability.resized)


def _sizes(decision: Decision, titles: dict[str, str]) -> dict[str, list[str]]:
    """Titles of the blocks that are larger or smaller than by default, by the engine's choice."""
    named = [(titles[b], size_class) for b, size_class in decision.layout.sizes.items()]
    return {
        "larger": [title for title, size_class in named if size_class == LARGEST],
        "smaller": [title for title, size_class in named if size_class != LARGEST],
    }


def _expected(decision: Decision, titles: dict[str, str]) -> dict[str, Any]:
    """The block that the page points to, with its probability in percent; empty where to none."""
    if (found := decision.expected) is None:
        return {"title": "", "percent": 0}
    return {"title": titles[found.block], "percent": round(100 * found.probability)}


def _candidates(found: DecisionContext, decision: Decision) -> list[dict[str, Any]]:
    """Lists the best scored layouts, with their number of changed places since the last one."""
    before = found.profile.order or default_order(found.page.surface)
    return [
        {
            "energy": variant.energy,
            "moves": sum(a != b for a, b in zip(before, variant.layout.order, strict=False)),
            "is_served": variant.layout.order == decision.layout.order,
        }
        for variant in decision.variants
    ]


def _reason(titles: dict[str, str], reason: Reason) -> dict[str, str]:
    """The sentence, and the block it is of; that everything stays is said of the whole page."""
    title = "" if reason.code == "kept" else titles[reason.block]
    return {"title": title, "text": reason_sentence(reason)}


def _away(found: DecisionContext, decision: Decision, titles: dict[str, str]) -> dict[str, Any]:
    """What this person folded and put away, and what the page suggests to put away."""
    folded, tray = folded_and_tray(found.page.surface, found.profile.feedback)
    unused = decision.unused
    return {
        "folded": [titles[b] for b in titles if b in folded],
        "tray": [titles[b] for b in titles if b in tray],
        "unused": titles[unused.block] if unused else "",
        "visits": unused.visits if unused else 0,
        "declined": [titles[b] for b in found.profile.feedback.declined if b in titles],
    }


def _guardrails(found: DecisionContext, decision: Decision, titles: dict[str, str]) -> list[str]:
    """Lists the rules that bind this page now, in words."""
    surface, feedback = found.page.surface, found.profile.feedback
    changed = {*decision.stability.moved, *decision.stability.resized}
    moved, budget = len(changed), surface.guardrails.move_budget
    said = []
    if feedback.frozen:
        said.append(_("Frozen: nothing moves."))
    elif moved >= budget:
        said.append(_("Move budget reached: no further block may move at this visit."))
    by_team = [_(titles[block.id]) for block in surface.blocks if block.is_pinned]
    by_user = [_(titles[block_id]) for block_id in feedback.pins if block_id in titles]
    own = feedback.own_sizes if surface.guardrails.sizes else {}
    sized = [_(titles[block_id]) for block_id in own if block_id in titles]
    for words, names in (
        (_("Kept in place by the team: {titles}."), by_team),
        (_("Kept in place by this person: {titles}."), by_user),
        (_("Sized by this person: {titles}."), sized),
    ):
        if names:
            said.append(words.format(titles=", ".join(names)))
    return said
