"""What a team counts beside uses and modelled seconds: orders, replies, tasks done."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from webapp.lib.utc_field import UTCDateTimeField

NAME = r"^[a-z][a-z0-9_-]{0,49}$"
MOST_VALUE = 1e9
"""Largest value of one event, and largest bound of a person's sum."""
MOST_WINDOW = 90
"""Days."""
PLANNED_PEOPLE = 5000
"""People at which a trial's interval is narrowest, unless a plan says otherwise."""
HELD = (
    "A trial under way counts {name} since {since:%Y-%m-%d %H:%M} UTC, so it stays as it was "
    "declared. End that trial first (Trials, or another control percent)."
)


class Goal(models.Model):
    """A declared goal of a page. Only events of declared goals are counted.

    A trial copies its page's goals when it begins. Until it ends they can be neither changed nor
    deleted, so that nobody picks a goal, a bound or a direction by what came out.
    """

    class Better(models.IntegerChoices):
        MORE = 1, "More is better"
        LESS = -1, "Less is better"

    surface = models.ForeignKey("uiengine_surfaces.Surface", models.CASCADE, related_name="goals")
    name = models.CharField(
        max_length=50,
        validators=[RegexValidator(NAME, "Use a to z, digits, - and _, a letter first.")],
        help_text="As events name it, such as order. a to z, digits, - and _.",
    )
    title = models.CharField(max_length=100, help_text="For people, such as Orders.")
    unit = models.CharField(
        max_length=30, blank=True, help_text="Of a value, such as EUR. Empty: events are counted."
    )
    better = models.SmallIntegerField(choices=Better.choices, default=Better.MORE)
    most = models.FloatField(
        "bound per person",
        default=1.0,
        validators=[MinValueValidator(1e-6), MaxValueValidator(MOST_VALUE)],
        help_text="Of one person's sum within the window: what is above counts as this much. "
        "1 asks whether a person reached the goal at all. Sums of money are heavy-tailed: without "
        "a bound, one large order decides. Choose one that few people pass.",
    )
    window_days = models.PositiveSmallIntegerField(
        default=7,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_WINDOW)],
        help_text="Days from a person's first visit of the trial whose events count. A person "
        "enters the comparison once, when they are over.",
    )
    planned_people = models.PositiveIntegerField(
        default=PLANNED_PEOPLE,
        validators=[MinValueValidator(200), MaxValueValidator(10**8)],
        help_text="People of both groups at which the interval is to be narrowest; the planner "
        "says how many. It is valid at every number.",
    )
    place = models.PositiveSmallIntegerField(
        default=0, help_text="The goal with the lowest place is the primary one."
    )
    declared_at = UTCDateTimeField(auto_now_add=True)
    held_since = UTCDateTimeField(
        "held by a trial since",
        null=True,
        blank=True,
        editable=False,
        help_text="When the trial began that counts it.",
    )

    class Meta:
        db_table = "surfaces_goal"
        ordering = ("surface", "place", "pk")
        constraints = (models.UniqueConstraint(fields=("surface", "name"), name="goal_once"),)

    def __str__(self) -> str:
        return f"{self.title} on {self.surface}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.refuse_held()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        self.refuse_held()

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        self.refuse_held()
        return super().delete(*args, **kwargs)

    def refuse_held(self) -> None:
        """Raises ValidationError while a trial counts this goal, as the database has it."""
        kept = Goal.objects.filter(pk=self.pk).exclude(held_since=None).first() if self.pk else None
        if kept is not None:
            raise ValidationError(HELD.format(name=kept.name, since=kept.held_since))
