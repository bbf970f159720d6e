"""The bundle's text for whoever opens it without knowing the product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.codebooks.models import CodebookVersion
from webapp.surfaces.models import Surface

TEXT = """\
Evidence about version {version} on the page {surface} (revision {revision})
{simulated}
The gate said: {gate}. The latest audit said: {audit}.
Seconds are modelled, not measured. No row of a person is in this file.

Is it unchanged, and do its parts agree?
    manage.py verify_evidence THIS_FILE.zip --key FINGERPRINT
    (FINGERPRINT: as the site gave it by another way. No database is needed.)

Do its figures come out again?
    manage.py verify_evidence THIS_FILE.zip --rerun [--visits VISITS.parquet]
    The guardrails are run again on random people. The modelled seconds of held-back people need the
    visits, which the site may hand out: data.json has the hash that they must have.

manifest.json, manifest.sig   the hash of each file, signed (Ed25519)
bom.cdx.json                  bill of materials with model card, CycloneDX 1.7
standard_fields.json          which fields of that standard are filled
version/                      the version's files, card.json among them
against/                      the files of the version that it was compared with, if there was one
surface.json                  the page: blocks, sizes, rules
gate.json, audit.json, .html  the reports as they were stored, with their limits
churn.json                    blocks that moved because the version alone changed
record.json                   who promoted what and why: a chain, each digest covers the one before
data.json                     which visits it learned from, by count and hash
"""


def readme(version: CodebookVersion, surface: Surface, found: Mapping[str, Any]) -> str:
    """found: the contents of the bundle's JSON files by name."""
    is_simulated = found["data.json"]["simulated"]
    return TEXT.format(
        version=version.name,
        surface=surface.slug,
        revision=surface.revision,
        simulated="Some of its people are SIMULATED.\n" if is_simulated else "",
        gate=found["gate.json"]["verdict"] or found["gate.json"]["why"].rstrip("."),
        audit=found["audit.json"]["verdict"] or found["audit.json"]["why"].rstrip("."),
    )
