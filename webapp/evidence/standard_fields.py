"""The fields of the standard's model components, and which of them a document fills.

The table lists what CycloneDX 1.7 offers for a machine-learning model and its data, without what
is about other kinds of components (cryptography, patents, operating systems).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_COMPONENT = "metadata.component"
_CARD = f"{_COMPONENT}.modelCard"
_PARAMETERS, _QUANTITIES = f"{_CARD}.modelParameters", f"{_CARD}.quantitativeAnalysis"
_METRIC = f"{_QUANTITIES}.performanceMetrics"
_CONSIDERED = f"{_CARD}.considerations"
_FAIRNESS = f"{_CONSIDERED}.fairnessAssessments"
_DATASET = "components.data"
FIELDS = (
    *("serialNumber", "version", "metadata.timestamp", "metadata.lifecycles", "metadata.tools"),
    *("metadata.licenses", "dependencies", "compositions"),
    *(f"{_COMPONENT}.{name}" for name in ("type", "bom-ref", "name", "version", "description")),
    *(f"{_COMPONENT}.{name}" for name in ("publisher", "hashes", "licenses", "copyright", "purl")),
    *(f"{_COMPONENT}.{name}" for name in ("externalReferences", "supplier")),
    *(f"{_PARAMETERS}.{name}" for name in ("approach.type", "task", "architectureFamily")),
    *(f"{_PARAMETERS}.{name}" for name in ("modelArchitecture", "datasets")),
    *(f"{_PARAMETERS}.{name}" for name in ("inputs.format", "outputs.format")),
    *(f"{_METRIC}.{name}" for name in ("type", "value", "slice", "confidenceInterval")),
    f"{_QUANTITIES}.graphics",
    *(f"{_CONSIDERED}.{name}" for name in ("users", "useCases", "technicalLimitations")),
    f"{_CONSIDERED}.performanceTradeoffs",
    *(f"{_CONSIDERED}.ethicalConsiderations.{name}" for name in ("name", "mitigationStrategy")),
    f"{_CONSIDERED}.environmentalConsiderations.properties",
    f"{_CONSIDERED}.environmentalConsiderations.energyConsumptions",
    *(f"{_FAIRNESS}.{name}" for name in ("groupAtRisk", "benefits", "harms")),
    f"{_FAIRNESS}.mitigationStrategy",
    *(f"{_DATASET}.{name}" for name in ("type", "name", "description", "classification")),
    *(f"{_DATASET}.{name}" for name in ("sensitiveData", "governance")),
    "components.hashes",
)


def filled(bom: Mapping[str, Any]) -> dict[str, bool]:
    """Per field of FIELDS whether the document says anything there."""
    return {path: _is_filled(bom, path.split(".")) for path in FIELDS}


def _is_filled(value: Any, path: list[str]) -> bool:
    if isinstance(value, list):
        return any(_is_filled(one, path) for one in value)
    if not path:
        return value not in ("", None, {}, [])
    return isinstance(value, Mapping) and path[0] in value and _is_filled(value[path[0]], path[1:])
