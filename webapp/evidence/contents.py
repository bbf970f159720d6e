"""Collects what the database and the artefact storage say of a version on a surface, as files.

No row of a person is among them: figures, hashes, the record of promotions, the version's files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from uiengine.page.surface import to_json
from webapp.audits.models import AuditReport
from webapp.audits.services import is_simulated
from webapp.codebooks.models import AliasMove, CodebookVersion, GateReport, Pipeline, Run
from webapp.codebooks.registry import artefacts
from webapp.codebooks.registry.training_record import version_erasures
from webapp.evidence.bom import bom_make
from webapp.evidence.readme import readme
from webapp.evidence.standard_fields import filled
from webapp.surfaces import mappers
from webapp.surfaces.models import Surface

Row = TypeVar("Row", bound=Model)
NOT_MEASURED = "Not measured for this version on this surface."
CHURN = (
    "Each of a sample of people with a past, chosen by a hash, has the page of now decided under "
    "the champion and under this version: same profile, same popularity, same day, no new visit. "
    "moved: blocks a person whose rank this version changes and the champion does not. elsewhere: "
    "both change it, differently. resized: the same of sizes. first_token.kept: share of people "
    "whose first token keeps its number, where numbers mean the same for at least 90 %."
)


def contents(version: CodebookVersion, surface: Surface, now: datetime) -> dict[str, bytes]:
    """The bundle's files by name. Raises VersionError if the stored version is damaged."""
    gate = _latest(version.gate_reports.filter(surface=surface, is_smoke=False))
    audit = _latest(AuditReport.objects.filter(version=version, surface=surface))
    found: dict[str, Any] = {
        "surface.json": to_json(mappers.to_surface(surface)),
        "gate.json": _gate(gate),
        "audit.json": audit.report if audit else {"verdict": None, "why": "Not audited."},
        "churn.json": _churn(gate),
        "record.json": list(_record(surface)),
        "data.json": _data(version, surface),
    }
    files = {name: _json(value) for name, value in found.items()}
    if audit and audit.html:
        files["audit.html"] = audit.html.encode()
    files |= _version_files("version", version)
    if gate and gate.champion:
        files |= _version_files("against", gate.champion)
    bom = bom_make(
        version=version,
        surface=surface,
        gate=found["gate.json"],
        audit=found["audit.json"],
        data=found["data.json"],
        files=files,
        now=now,
    )
    files["bom.cdx.json"] = _json(bom)
    files["standard_fields.json"] = _json(filled(bom))
    files["readme.txt"] = readme(version, surface, found).encode()
    return files


def facts(version: CodebookVersion, surface: Surface, now: datetime) -> dict[str, Any]:
    """What the manifest says besides the hashes."""
    return {
        "version": version.name,
        "id": version.manifest.get("id", ""),
        "surface": surface.slug,
        "revision": surface.revision,
        "made_at": now.isoformat(),
        "simulated": is_simulated(surface),
    }


def _latest(rows: QuerySet[Row]) -> Row | None:
    return rows.order_by("-created_at", "-pk").first()


def _gate(report: GateReport | None) -> dict[str, Any]:
    if report is None:
        return {"verdict": None, "why": "Not judged for this surface."}
    champion = report.champion
    return {
        "verdict": report.verdict,
        "conditions": report.conditions,
        "revision": report.revision,
        "against": champion.name if champion else "the default layout",
        "at": report.created_at.isoformat(),
        "acknowledgement": report.acknowledgement,
    }


def _churn(gate: GateReport | None) -> dict[str, Any]:
    """The figures of the gate's fifth condition, with what they mean."""
    conditions = gate.conditions if gate else []
    found = next((c for c in conditions if c["name"] == "churn"), None)
    if gate is None or found is None or found["figure"] is None:
        return {"measured": False, "why": found["text"] if found else NOT_MEASURED}
    figures = {k: v for k, v in found.items() if k not in ("name", "figure")}
    against = gate.champion.name if gate.champion else ""
    return {
        "measured": True,
        "meaning": CHURN,
        "against": against,
        "moved": found["figure"],
        **figures,
    }


def _record(surface: Surface) -> Iterator[dict[str, Any]]:
    """All rows of the chain; of other surfaces their digests alone, which keep it whole."""
    moves = AliasMove.objects.order_by("pk").iterator(chunk_size=1000)
    for move in moves:
        row = {"previous": move.previous, "digest": move.digest}
        yield {**row, "stated": move.stated} if move.stated["surface"] == surface.slug else row


def _data(version: CodebookVersion, surface: Surface) -> dict[str, Any]:
    """Which visits it was trained with and judged on, as far as it was written down."""
    found = {
        name: _collected(line)
        for name, line in (
            ("trained_with", version.pipelines.exclude(kind=Pipeline.Kind.JUDGE)),
            ("judged_on", version.pipelines.filter(surface=surface)),
        )
    }
    return {
        **found,
        "training": version.card.get("training", {}),
        "erased_since": version_erasures(version),
        "simulated": is_simulated(surface),
        "digest": "SHA-256 over 256 SHA-256s in order: of the rows surface,user,at,block,uses, as "
        "lines of CSV sorted by bytes, of the users whose own SHA-256 begins with that byte",
    }


def _collected(lines: Any) -> dict[str, Any]:
    for line in lines.order_by("-pk"):
        left = line.result.get(Run.Kind.COLLECT.value)
        if left:
            names = ("sha256", "visits", "people", "held_back", "revision")
            return {name: left.get(name) for name in names}
    return {"sha256": None, "why": "The version came with the product, or from files."}


def _version_files(folder: str, version: CodebookVersion) -> dict[str, bytes]:
    there = artefacts.registered(version.folder, version.manifest)
    names = {artefacts.MANIFEST, *version.manifest.get("files", {})}
    return {f"{folder}/{name}": (there / name).read_bytes() for name in sorted(names)}


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False, default=str).encode()
