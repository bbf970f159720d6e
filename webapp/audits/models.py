"""Stores fairness audits."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from webapp.codebooks.models import CodebookVersion
from webapp.lib import user_key
from webapp.lib.utc_field import UTCDateTimeField
from webapp.surfaces.models import Surface


class AuditReport(models.Model):
    """Result of an audit of one version; `report` has the fields that `ml.audit.audit` writes."""

    class Verdict(models.TextChoices):
        WITHIN = "within"
        EXCEEDS = "exceeds"
        INCONCLUSIVE = "inconclusive"

    surface = models.ForeignKey(
        Surface, models.CASCADE, null=True, blank=True, related_name="audit_reports"
    )
    version = models.ForeignKey(CodebookVersion, models.CASCADE, related_name="audit_reports")
    champion = models.ForeignKey(
        CodebookVersion, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    anchor = models.ForeignKey(
        CodebookVersion, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    attributes = models.JSONField(default=list, help_text="Names of the attributes compared by.")
    report = models.JSONField(help_text="report.json")
    html = models.TextField(blank=True, help_text="report.html")
    created_at = UTCDateTimeField(auto_now_add=True)
    acknowledged_by = user_key.UserKey(
        settings.AUTH_USER_MODEL, user_key.set_null, null=True, blank=True, related_name="+"
    )
    acknowledged_at = UTCDateTimeField(null=True, blank=True)
    acknowledgement = models.CharField(max_length=500, blank=True)
    mailed_at = UTCDateTimeField(
        null=True, blank=True, help_text="When the mail about a report that exceeds was sent."
    )

    class Meta:
        db_table = "audits_auditreport"
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.verdict}: {self.version.name}, {self.created_at:%Y-%m-%d}"
