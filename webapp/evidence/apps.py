"""Names the app of evidence bundles."""

from __future__ import annotations

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    name = "webapp.evidence"
    label = "uiengine_evidence"
    verbose_name = "Evidence"
