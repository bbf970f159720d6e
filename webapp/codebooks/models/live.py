"""Tables of versions in service: agreement with the champion, answers, windows of the guard."""

from __future__ import annotations

from django.db import models

from webapp.codebooks.models.versions import CodebookVersion
from webapp.lib.utc_field import UTCDateTimeField
from webapp.surfaces.models import Surface


class Agreement(models.Model):
    """Sums of a comparison of a challenger's decisions with the champion's; no row of a person.

    decisions: compared; same: equal orders; moved: blocks at another rank, summed; failed: where
    the challenger raised.
    """

    surface = models.ForeignKey(Surface, models.CASCADE, related_name="agreements")
    champion = models.ForeignKey(CodebookVersion, models.CASCADE, related_name="+")
    challenger = models.ForeignKey(CodebookVersion, models.CASCADE, related_name="agreements")
    since = UTCDateTimeField()
    until = UTCDateTimeField()
    decisions = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "codebooks_agreement"
        ordering = ("-until",)
        constraints = (
            models.UniqueConstraint(
                fields=("surface", "challenger", "since"), name="agreement_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.same} of {self.decisions} alike"


class LiveMinute(models.Model):
    """Answers that web processes gave within a minute. content: the version's content id."""

    surface = models.ForeignKey(Surface, models.CASCADE, related_name="live_minutes")
    content = models.CharField(max_length=64)
    minute = UTCDateTimeField(db_index=True)
    answers = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    fallbacks = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "codebooks_liveminute"
        constraints = (
            models.UniqueConstraint(
                fields=("surface", "content", "minute"), name="live_minute_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.answers} answers at {self.minute:%H:%M}"


class GuardWindow(models.Model):
    """Ten minutes of a version under the live guardrails. bad: names of those it broke."""

    surface = models.ForeignKey(Surface, models.CASCADE, related_name="guard_windows")
    version = models.ForeignKey(CodebookVersion, models.CASCADE, related_name="guard_windows")
    since = UTCDateTimeField()
    answers = models.PositiveIntegerField()
    visits = models.PositiveIntegerField()
    figures = models.JSONField(default=dict)
    bad = models.JSONField(default=list)
    is_enough = models.BooleanField(help_text="Whether there were enough answers to tell.")

    class Meta:
        db_table = "codebooks_guardwindow"
        ordering = ("-since", "-pk")
        constraints = (
            models.UniqueConstraint(fields=("surface", "version", "since"), name="window_once"),
        )

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d %H:%M}: {', '.join(self.bad) or 'good'}"
