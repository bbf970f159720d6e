"""Codebook versions, which of them serves where, and who said so."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from webapp.surfaces.models import Surface


class CodebookVersion(models.Model):
    """An immutable artefact: its files lie in the `artefacts` storage under `folder`."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        TRAINED = "trained"
        AUDITED = "audited"
        SHADOW = "shadow"
        CANARY = "canary"
        CHAMPION = "champion"
        RETIRED = "retired"
        REFUSED = "refused"

    name = models.CharField(max_length=100, unique=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    folder = models.CharField(max_length=200, help_text="Within the artefact storage.")
    manifest = models.JSONField(default=dict, help_text="SHA-256 of each file.")
    card = models.JSONField(default=dict)
    surfaces = models.ManyToManyField(
        Surface, blank=True, related_name="versions", help_text="Trained for; none: innate."
    )
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at", "name")

    def __str__(self) -> str:
        return self.name


class Alias(models.Model):
    """Which version has which part on a surface."""

    class Name(models.TextChoices):
        CHAMPION = "champion"
        CHALLENGER = "challenger"
        ANCHOR = "anchor"

    surface = models.ForeignKey(Surface, models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=10, choices=Name.choices)
    version = models.ForeignKey(CodebookVersion, models.PROTECT, related_name="aliases")

    class Meta:
        verbose_name_plural = "aliases"
        constraints = (models.UniqueConstraint(fields=("surface", "name"), name="alias_once"),)

    def __str__(self) -> str:
        return f"{self.name} of surface {self.surface_id}: version {self.version_id}"


class AliasMove(models.Model):
    """A promotion or a rollback: who, when and why."""

    surface = models.ForeignKey(Surface, models.CASCADE, related_name="alias_moves")
    name = models.CharField(max_length=10, choices=Alias.Name.choices)
    before = models.ForeignKey(
        CodebookVersion, models.PROTECT, null=True, blank=True, related_name="moves_from"
    )
    after = models.ForeignKey(CodebookVersion, models.PROTECT, related_name="moves_to")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    by_name = models.CharField(max_length=150, help_text="Kept when the account is gone.")
    why = models.CharField(max_length=500)
    is_rollback = models.BooleanField(default=False)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.name} of surface {self.surface_id} to version {self.after_id}"


class Run(models.Model):
    """A step of a pipeline that a worker carries out. The row is the truth; a message is a hint.

    A worker holds a run by `holder` until `lease_until`; when that passes, the sweep gives the run
    to another one, and whatever the first still does with it is refused.
    """

    class Kind(models.TextChoices):
        RETRAIN = "retrain"
        AUDIT = "audit"

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    surface = models.ForeignKey(Surface, models.CASCADE, related_name="runs")
    version = models.ForeignKey(
        CodebookVersion,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="runs",
        help_text="What a retrain made, or what an audit is about.",
    )
    key = models.CharField(max_length=200, unique=True, help_text="Asked for twice, done once.")
    options = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    holder = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    progress = models.FloatField(default=0.0, help_text="Share done, 0 to 1.")
    doing = models.CharField(max_length=200, blank=True)
    result = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    asked_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "surface"),
                condition=models.Q(state__in=("queued", "running")),
                name="run_one_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} of surface {self.surface_id}: {self.state}"
