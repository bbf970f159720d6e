"""The model card of the bill of materials, from the version's own card, gate and audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from webapp.codebooks.models import CodebookVersion
from webapp.surfaces.models import Surface

Json = dict[str, Any]
TASK = "Predict which blocks of a page a person needs at the next visits, from their use of it."
ARCHITECTURE = "set encoder, residual vector quantisation, set decoder"
USERS = [
    "Web processes, which arrange a page by the version's decisions.",
    "Product owners, who promote versions; people responsible for fairness, who read audits.",
]
USE_CASES = [
    "Arranging the blocks of one page for each of its users, within rules that the team sets.",
    "Not for: judging people, ranking content or offers, anything but the order of blocks.",
]
TRADEOFFS = [
    "Moving a block costs familiarity now and pays over later visits; a least gain is asked for.",
    "Fewer tokens describe a person worse: see rate_distortion in version/card.json.",
]
RISKS: tuple[tuple[str, str], ...] = (
    (
        "A page that moves disorients people who rely on fixed places.",
        "A budget of moved blocks per visit, undo, pins, freezing, opting out.",
    ),
    (
        "Behaviour profiles are personal data.",
        "Tokens of at most 64 bits, consent for visitors, export, erasure, retention.",
    ),
    (
        "Some groups of people may be served worse than others.",
        "Audits by slice before a version serves, and on schedule; attributes are no input.",
    ),
    (
        "What is shown higher is used more, and counts as needed.",
        "Demand is learned from blocks that could be seen, weighted by rank; optional exploration.",
    ),
)
MITIGATION = (
    "A slice that exceeds its tolerance blocks promotion, and starts a refresh on people balanced "
    "over slices and a new audit. An inconclusive one needs a named person who accepts it."
)


def model_card(
    version: CodebookVersion,
    surface: Surface,
    gate: Mapping[str, Any],
    audit: Mapping[str, Any],
    data: str,
) -> Json:
    """data: the reference of the component that describes the training data."""
    card = version.card
    return {
        "modelParameters": {
            "approach": {"type": "self-supervised"},
            "task": TASK,
            "architectureFamily": "vector-quantised autoencoder",
            "modelArchitecture": f"{ARCHITECTURE}; latent {card.get('latent', 'unknown')}",
            "datasets": [{"ref": data}],
            "inputs": [
                {"format": "profile of uses on the page (counts, decayed by age)"},
                {"format": "descriptors of the page's blocks (kind, sizes, popularity)"},
            ],
            "outputs": [
                {"format": "1 to 8 tokens of 8 bits"},
                {"format": "per block: order score, size class, probability of being needed"},
            ],
        },
        "quantitativeAnalysis": {
            "performanceMetrics": [*_of_gate(gate), *_of_card(card), *_of_audit(audit)]
        },
        "considerations": {
            "users": USERS,
            "useCases": USE_CASES,
            "technicalLimitations": list(card.get("limits", ())) or ["None were written down."],
            "performanceTradeoffs": TRADEOFFS,
            "ethicalConsiderations": [
                {"name": name, "mitigationStrategy": answer} for name, answer in RISKS
            ],
            "environmentalConsiderations": {"properties": _hardware(card)},
            "fairnessAssessments": list(_fairness(audit)),
        },
        "properties": [{"name": "uiengine:surface_revision", "value": str(surface.revision)}],
    }


def _of_gate(gate: Mapping[str, Any]) -> Iterable[Json]:
    for condition in gate.get("conditions", ()):
        metric: Json = {
            "type": f"gate, {condition['name']}: {condition['unit']}",
            "value": str(condition["figure"]),
        }
        if condition.get("low") is not None:
            high = condition["figure"]
            metric["confidenceInterval"] = {
                "lowerBound": str(condition["low"]),
                "upperBound": "unknown" if high is None else str(high),
            }
        yield metric


def _of_card(card: Mapping[str, Any]) -> Iterable[Json]:
    bits = card.get("bits_per_user", {})
    if isinstance(bits, Mapping) and "mean" in bits:
        yield {"type": "tokens spent, mean bits a person", "value": str(bits["mean"])}
    for point in card.get("rate_distortion", ()):
        yield {
            "type": f"distortion of the latent at {point['bits']} bits, over its variance",
            "value": str(point["distortion"]),
        }


def _of_audit(audit: Mapping[str, Any]) -> Iterable[Json]:
    for row in audit.get("slices", ()):
        if row.get("estimate") is None:
            continue
        metric: Json = {
            "type": f"audit, {row['metric']}: {row['unit']}",
            "value": str(row["estimate"]),
            "slice": slice_name(row),
        }
        if row.get("interval"):
            low, high = row["interval"]
            metric["confidenceInterval"] = {"lowerBound": str(low), "upperBound": str(high)}
        yield metric


def _fairness(audit: Mapping[str, Any]) -> Iterable[Json]:
    """One assessment a slice and gated metric; without an audit one that says so."""
    gated = [row for row in audit.get("slices", ()) if row.get("verdict")]
    if not gated:
        yield {
            "groupAtRisk": "Not known: no audit compared slices of people.",
            "benefits": "Not assessed.",
            "harms": "Not assessed.",
            "mitigationStrategy": MITIGATION,
        }
    for row in gated:
        said = f"{row['metric']}, {row['unit']}: {row['estimate']} more than the rest"
        between = f", interval {row['interval']}" if row.get("interval") else ""
        yield {
            "groupAtRisk": f"{slice_name(row)} ({row['users']} people)",
            "benefits": f"Direction of the difference: {row.get('direction') or 'not told'}.",
            "harms": f"{said}{between}; tolerance {row['tolerance']}: {row['verdict']}.",
            "mitigationStrategy": MITIGATION,
        }


def slice_name(row: Mapping[str, Any]) -> str:
    return " and ".join(f"{name} = {value}" for name, value in row["slice"].items())


def _hardware(card: Mapping[str, Any]) -> list[Json]:
    seconds = card.get("training", {}).get("seconds")
    known = {**card.get("hardware", {}), "training_seconds": seconds}
    return [
        {"name": f"uiengine:{name}", "value": str(value)}
        for name, value in known.items()
        if value is not None
    ]
