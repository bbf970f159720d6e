"""Checks whether the parts of a bundle agree with one another, from its files alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from webapp.codebooks.registry.move_record import START, digest_of
from webapp.evidence.bundle import Files, sha256

WORST = ("failed", "unclear", "passed")
"""Verdicts of a condition; the gate's verdict is the worst of them."""
NEEDED = ("gate.json", "audit.json", "record.json", "bom.cdx.json", "version/manifest.json")


def disagreements(files: Files) -> list[str]:
    """Says where one part contradicts another; empty if none does."""
    if missing := [name for name in NEEDED if name not in files]:
        return [f"{missing[0]}: is missing"]
    try:
        return [
            *_of_version(files, "version"),
            *_of_version(files, "against"),
            *_of_record(json.loads(files["record.json"])),
            *_of_gate(json.loads(files["gate.json"])),
            *_of_audit(json.loads(files["audit.json"])),
            *_of_bom(files),
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return [f"a part is not of this format: {error!r}"]


def _of_version(files: Files, folder: str) -> Iterator[str]:
    """The version's own manifest names the hash of each of its files."""
    if f"{folder}/manifest.json" not in files:
        return
    for name, digest in json.loads(files[f"{folder}/manifest.json"])["files"].items():
        content = files.get(f"{folder}/{name}")
        if content is None or sha256(content) != digest:
            yield f"{folder}/{name}: is not the file that the version was registered with"


def _of_record(rows: list[Mapping[str, Any]]) -> Iterator[str]:
    """Each row names the digest of the row before; what is stated has the digest it names."""
    previous = START
    for number, row in enumerate(rows, 1):
        if row["previous"] != previous:
            yield f"record.json: row {number} does not follow the row before"
        if "stated" in row and digest_of(row["stated"], row["previous"]) != row["digest"]:
            yield f"record.json: row {number} states something else than was recorded"
        previous = row["digest"]


def _of_gate(gate: Mapping[str, Any]) -> Iterator[str]:
    verdicts = [str(condition["verdict"]) for condition in gate.get("conditions", ())]
    if verdicts:
        worst = min(verdicts, key=WORST.index)
        if worst != gate["verdict"]:
            yield f"gate.json: says {gate['verdict']}, its conditions say {worst}"


def _of_audit(audit: Mapping[str, Any]) -> Iterator[str]:
    """A slice that exceeds is never passed over in the verdict."""
    exceeding = [row for row in audit.get("slices", ()) if row.get("verdict") == "exceeds"]
    if exceeding and audit["verdict"] == "within":
        yield "audit.json: says within, although a slice exceeds"


def _of_bom(files: Files) -> Iterator[str]:
    for part in json.loads(files["bom.cdx.json"])["components"]:
        if part["type"] == "file":
            content = files.get(part["name"])
            if content is None or part["hashes"][0]["content"] != sha256(content):
                yield f"bom.cdx.json: names another {part['name']}"
