"""The bundle's bill of materials: CycloneDX 1.7 JSON with a model card.

Field names and their meaning: https://cyclonedx.org/docs/1.7/json/. What is unknown is left out,
never guessed; `standard_fields` tells which fields are filled.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.metadata import PackageNotFoundError, metadata
from typing import Any

from django.conf import settings

from webapp.codebooks.models import CodebookVersion
from webapp.evidence.bundle import Files, sha256
from webapp.evidence.model_card import model_card
from webapp.surfaces.models import Surface

PACKAGE = "uiengine"
LIBRARIES = ("numpy", "onnxruntime", "torch", "scikit-learn", "fairlearn", "Django")
"""What trains, judges and serves a version."""
NAMESPACE = uuid.UUID("5f0c2d3e-2a6e-4b36-9a55-0d6a3d4f7c11")
"""For serial numbers that follow from the content."""
MODEL, DATA = "model", "training-visits"
Json = dict[str, Any]


def bom_make(
    *,
    version: CodebookVersion,
    surface: Surface,
    gate: Mapping[str, Any],
    audit: Mapping[str, Any],
    data: Mapping[str, Any],
    files: Files,
    now: datetime,
) -> Json:
    """The whole document. gate, audit, data, files: as in the bundle."""
    content = "".join(f"{name} {sha256(files[name])}\n" for name in sorted(files))
    libraries = list(_libraries())
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, content)}",
        "version": 1,
        "metadata": {
            "timestamp": now.isoformat(timespec="seconds"),
            "lifecycles": [{"phase": "post-build"}],
            "tools": {"components": [_tool()]},
            "component": {
                **_model(version, surface, files),
                "modelCard": model_card(version, surface, gate, audit, DATA),
            },
            "licenses": [{"license": {"id": "MIT"}}],
        },
        "components": [_data(version, surface, data), *_parts(files), *libraries],
        "dependencies": [
            {"ref": MODEL, "dependsOn": [DATA, *(c["bom-ref"] for c in libraries)]},
            {"ref": DATA, "dependsOn": []},
        ],
        "compositions": [
            {"aggregate": "incomplete", "assemblies": [MODEL]},
        ],
        "properties": _properties(data),
    }


def _model(version: CodebookVersion, surface: Surface, files: Files) -> Json:
    identity = str(version.manifest.get("id", ""))
    return {
        "type": "machine-learning-model",
        "bom-ref": MODEL,
        "name": f"codebook version of {surface.slug}",
        "version": f"{version.name}",
        "description": "Encodes how a person uses a page into 1 to 8 tokens, and decodes them into "
        "which block is needed next.",
        **({"publisher": settings.UIENGINE_SITE_URL} if settings.UIENGINE_SITE_URL else {}),
        "hashes": [{"alg": "SHA-256", "content": sha256(files["version/manifest.json"])}],
        "licenses": [{"license": {"id": "MIT"}}],
        "copyright": "The engine: the uiengine developers. The trained weights: the page's team.",
        "purl": f"pkg:generic/{surface.slug}@{identity}",
        "externalReferences": [
            {"type": "model-card", "url": "version/card.json", "comment": "In the bundle."},
            {"type": "evidence", "url": "gate.json", "comment": "The gate's report."},
            {"type": "attestation", "url": "record.json", "comment": "Who promoted it, and when."},
        ],
        "properties": [
            {"name": "uiengine:id", "value": identity},
            {"name": "uiengine:status", "value": str(version.status)},
            {"name": "uiengine:surface", "value": surface.slug},
        ],
    }


def _data(version: CodebookVersion, surface: Surface, data: Mapping[str, Any]) -> Json:
    collected = data["trained_with"]
    digest = collected.get("sha256")
    counted = {k: v for k, v in collected.items() if v is not None and k != "sha256"}
    said = ", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in counted.items())
    return {
        "type": "data",
        "bom-ref": DATA,
        "name": f"visits that {version.name} learned from",
        "description": f"Which blocks each person used at each visit. {said}".strip(),
        **({"hashes": [{"alg": "SHA-256", "content": digest}]} if digest else {}),
        "data": [
            {
                "type": "dataset",
                "name": f"visits of {surface.slug}",
                "description": "One row for each block used in a visit: surface, person's key, "
                "time, block, number of uses. Not in the bundle, as it is about people.",
                "classification": "personal data, some or all of it of simulated people"
                if data["simulated"]
                else "personal data",
                "sensitiveData": [
                    "Keys of people and times of their visits. Demographic attributes are no input "
                    "of the model; audits alone compare by them."
                ],
            }
        ],
    }


def _parts(files: Files) -> Iterable[Json]:
    """The version's files."""
    for name in sorted(files):
        if name.startswith("version/"):
            yield {
                "type": "file",
                "bom-ref": f"file:{name}",
                "name": name,
                "hashes": [{"alg": "SHA-256", "content": sha256(files[name])}],
            }


def _libraries() -> Iterable[Json]:
    for name in LIBRARIES:
        try:
            about = metadata(name)
        except PackageNotFoundError:
            continue
        number = about["Version"]
        yield {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name.lower()}@{number}",
            "name": name,
            "version": number,
            "purl": f"pkg:pypi/{name.lower()}@{number}",
        }


def _tool() -> Json:
    try:
        number = metadata(PACKAGE)["Version"]
    except PackageNotFoundError:  # runs from a checkout
        number = "unreleased"
    return {"type": "application", "name": "manage.py evidence", "version": number}


def _properties(data: Mapping[str, Any]) -> list[Json]:
    said = {
        "uiengine:seconds": "modelled, not measured",
        "uiengine:simulated": str(bool(data["simulated"])).lower(),
        "uiengine:erased_since": str(data["erased_since"]),
    }
    return [{"name": name, "value": value} for name, value in said.items()]
