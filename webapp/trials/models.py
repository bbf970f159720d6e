"""Stores trials (spans with one control share on a surface), looks at them, and rehearsals."""

from __future__ import annotations

from django.db import models

from webapp.codebooks.models import CodebookVersion
from webapp.lib.utc_field import UTCDateTimeField
from webapp.subjects.models import Subject
from webapp.surfaces.models import Surface


class Trial(models.Model):
    """A span in which the control share stayed unchanged and the surface adapted."""

    surface = models.ForeignKey(Surface, models.CASCADE, related_name="trials")
    percent = models.PositiveSmallIntegerField(help_text="Control share.")
    started_at = UTCDateTimeField(help_text="Visits from here on count.")
    ended_at = UTCDateTimeField(
        null=True, blank=True, help_text="When the share or the mode was seen to have changed."
    )
    goals = models.JSONField(
        default=list,
        blank=True,
        editable=False,
        help_text="The page's goals as they were declared when it began, the primary one first.",
    )

    class Meta:
        db_table = "trials_trial"
        ordering = ("-started_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("surface",), condition=models.Q(ended_at=None), name="trial_one_at_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"{self.surface}, {self.percent} % control since {self.started_at:%Y-%m-%d}"


class TrialLook(models.Model):
    """Figures of one look at a trial; `ml.evaluation.trial` defines them."""

    class Verdict(models.TextChoices):
        HELP = "help", "Adapting helps"
        HARM = "harm", "Adapting harms"
        GO_ON = "go_on", "Go on: no difference shown yet"
        TOO_FEW = "too_few", "Go on: too few people"

    trial = models.ForeignKey(Trial, models.CASCADE, related_name="looks")
    number = models.PositiveIntegerField(help_text="Each look spends a share of the error.")
    at = UTCDateTimeField()
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    figures = models.JSONField()

    class Meta:
        db_table = "trials_triallook"
        ordering = ("trial", "number")
        constraints = (models.UniqueConstraint(fields=("trial", "number"), name="look_once"),)

    def __str__(self) -> str:
        return f"Look {self.number} of {self.trial}: {self.get_verdict_display().lower()}"


class Rehearsal(models.Model):
    """What a version would have shown over the stored past; `ml.rehearsal` defines the figures."""

    class Verdict(models.TextChoices):
        WORTH = "worth", "Worth it"
        NOT_WORTH = "not_worth", "Not worth it"
        TOO_FEW = "too_few", "Too few people to tell"

    surface = models.ForeignKey(Surface, models.CASCADE, related_name="rehearsals")
    version = models.ForeignKey(
        CodebookVersion,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="That decided; empty: one that was trained for this rehearsal alone, or is gone.",
    )
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    figures = models.JSONField()
    created_at = UTCDateTimeField(auto_now_add=True)

    class Meta:
        db_table = "trials_rehearsal"
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return f"Rehearsal {self.pk} of {self.surface}: {self.get_verdict_display().lower()}"


class RehearsedWeek(models.Model):
    """A week of one person in a rehearsal; it goes with the person."""

    rehearsal = models.ForeignKey(Rehearsal, models.CASCADE, related_name="weeks")
    subject = models.ForeignKey(Subject, models.CASCADE, related_name="rehearsed_weeks")
    number = models.PositiveSmallIntegerField(help_text="Its place on the page.")
    shown = models.JSONField(help_text="Pictures, visits and reasons; no key.")

    class Meta:
        db_table = "trials_rehearsedweek"
        ordering = ("rehearsal", "number")
        constraints = (
            models.UniqueConstraint(fields=("rehearsal", "number"), name="rehearsed_week_once"),
        )

    def __str__(self) -> str:
        return f"Week {self.number} of rehearsal {self.rehearsal_id}"
