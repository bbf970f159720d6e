"""Tables of pipelines, their steps, and the gate's reports."""

from __future__ import annotations

from django.db import models

from webapp.codebooks.models.versions import CodebookVersion
from webapp.lib.utc_field import UTCDateTimeField
from webapp.surfaces.models import Surface


class Pipeline(models.Model):
    """The steps (`webapp.codebooks.pipeline.order.STEPS`) that make or judge a version, each a
    Run."""

    class Kind(models.TextChoices):
        RETRAIN = "retrain"
        REFRESH = "refresh"
        JUDGE = "judge"

    class State(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        HELD = "held", "Held: waits for a person"
        FAILED = "failed"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    surface = models.ForeignKey(Surface, models.CASCADE, related_name="pipelines")
    version = models.ForeignKey(
        CodebookVersion, models.SET_NULL, null=True, blank=True, related_name="pipelines"
    )
    key = models.CharField(max_length=200, unique=True, help_text="Asked for twice, done once.")
    options = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    outcome = models.TextField(blank=True, help_text="How it ended, in words.")
    result = models.JSONField(default=dict, blank=True, help_text="What its steps left, by step.")
    asked_by = models.CharField(max_length=150, blank=True)
    created_at = UTCDateTimeField(auto_now_add=True)
    finished_at = UTCDateTimeField(null=True, blank=True)

    class Meta:
        db_table = "codebooks_pipeline"
        ordering = ("-created_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("surface",),
                condition=models.Q(state="running"),
                name="pipeline_one_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} of {self.surface.slug}: {self.state}"


class Run(models.Model):
    """A step of a pipeline, carried out by a worker. The row is authoritative; a message is a hint.

    A worker (`holder`) has a run until `lease_until`. After that the sweep gives it to another
    worker, and later writes by the first one are refused.
    """

    class Kind(models.TextChoices):
        COLLECT = "collect"
        TRAIN = "train"
        EXPORT = "export"
        REPLAY = "replay"
        AUDIT = "audit"
        GATE = "gate"
        PROMOTE = "promote"
        REHEARSE = "rehearse"

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    surface = models.ForeignKey(Surface, models.CASCADE, related_name="runs")
    pipeline = models.ForeignKey(
        Pipeline,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="runs",
        help_text="Whose step it is; empty: an audit or a rehearsal by itself.",
    )
    version = models.ForeignKey(
        CodebookVersion,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="runs",
        help_text="What it made, or what it is about.",
    )
    key = models.CharField(max_length=200, unique=True, help_text="Asked for twice, done once.")
    options = models.JSONField(default=dict, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    holder = models.CharField(max_length=32, blank=True)
    lease_until = UTCDateTimeField(null=True, blank=True)
    progress = models.FloatField(default=0.0, help_text="Share done, 0 to 1.")
    doing = models.CharField(max_length=200, blank=True)
    result = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    asked_by = models.CharField(max_length=150, blank=True)
    created_at = UTCDateTimeField(auto_now_add=True)
    started_at = UTCDateTimeField(null=True, blank=True)
    finished_at = UTCDateTimeField(null=True, blank=True)

    class Meta:
        db_table = "codebooks_run"
        ordering = ("-created_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "surface"),
                condition=models.Q(state__in=("queued", "running"), pipeline=None),
                name="run_one_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.surface.slug}: {self.state}"


class GateReport(models.Model):
    """The gate's judgement of a version for a surface: five conditions with their figures.

    conditions: {name, verdict, figure, limit, unit, text, …}. A failed condition blocks; an unclear
    one blocks until a named person acknowledges it.
    """

    class Verdict(models.TextChoices):
        PASSED = "passed"
        UNCLEAR = "unclear"
        FAILED = "failed"

    surface = models.ForeignKey(Surface, models.CASCADE, related_name="gate_reports")
    version = models.ForeignKey(CodebookVersion, models.CASCADE, related_name="gate_reports")
    champion = models.ForeignKey(
        CodebookVersion,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="What it was compared with; empty: the default layout.",
    )
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    conditions = models.JSONField(default=list)
    revision = models.PositiveIntegerField(
        default=0, help_text="Of the surface, when it was judged; 0: not known."
    )
    is_smoke = models.BooleanField(
        "smoke run", default=False, help_text="Judged on a few random people: clears nothing."
    )
    created_at = UTCDateTimeField(auto_now_add=True)
    acknowledged_at = UTCDateTimeField(null=True, blank=True)
    acknowledgement = models.CharField(max_length=500, blank=True, help_text="Who, and why.")

    class Meta:
        db_table = "codebooks_gatereport"
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return f"{self.verdict}: {self.version.name} for {self.surface.slug}"
