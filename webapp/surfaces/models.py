"""Surfaces, and the popularity of their blocks by day."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from uiengine.behaviour.days import UTC_NAME
from uiengine.errors import SurfaceError
from uiengine.page import feasibility, surface_json
from webapp.lib.utc_field import UTCDateTimeField
from webapp.surfaces.goal_models import Goal
from webapp.surfaces.site_order import refuse_contradictions

__all__ = ["Goal", "ImportedPage", "PopularityDay", "Surface"]

MOST_TITLE = 200
"""Characters."""
MOST_CONTROL = 50
"""Percent."""
MOST_REVISION = 10**9
"""Limit of a declared revision; PostgreSQL's integers end at 2^31."""
MOST_MINUTES = 7 * 24 * 60
"""A week."""
MOST_DAYS = 36_500
"""A hundred years: dates stay within what Python and databases can say."""


def not_while_events_arrive(days: int) -> None:
    """Refuses days below UIENGINE_EVENT_DAYS.

    Otherwise an event that is sent again after its row was deleted would count twice.
    """
    least = settings.UIENGINE_EVENT_DAYS
    if days < least:
        raise ValidationError(
            f"Keep events for at least {least} days: so long they are taken (UIENGINE_EVENT_DAYS)."
        )


class Surface(models.Model):
    """A page whose blocks can be arranged. `definition` is a JSON object as in
    fixtures/surfaces."""

    class Mode(models.TextChoices):
        LIVE = "live", "Live"
        DRY_RUN = "dry_run", "Dry run: decide and log, serve the default"
        OFF = "off", "Off"

    slug = models.SlugField(max_length=100, unique=True)
    title = models.CharField(max_length=MOST_TITLE, blank=True)
    revision = models.PositiveIntegerField(default=1, help_text="Raised by every edit.")
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.LIVE)
    definition = models.JSONField(help_text="Blocks, breakpoints, row height, groups, guardrails.")
    visit_minutes = models.PositiveIntegerField(
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_MINUTES)],
        help_text="Minutes without an event after which a visit is over. A week at most.",
    )
    control_percent = models.PositiveSmallIntegerField(
        default=5,
        validators=[MaxValueValidator(MOST_CONTROL)],
        help_text="Percent of subjects who keep the default layout, to measure by. Who is among "
        "them follows from a hash of subject and surface and stays. 0: nobody.",
    )
    event_days = models.PositiveIntegerField(
        default=90,
        validators=[not_while_events_arrive, MaxValueValidator(MOST_DAYS)],
        help_text="Days for which single events are kept once they are folded into profiles. Not "
        "fewer than those in which an event may still arrive, so that none counts twice. In "
        "PostgreSQL they go with their month, up to 31 days later.",
    )
    decision_days = models.PositiveIntegerField(
        default=90,
        validators=[MaxValueValidator(MOST_DAYS)],
        help_text="Days for which decisions are kept that came back with events, at least as long "
        "as their events.",
    )
    idle_days = models.PositiveIntegerField(
        default=730,
        validators=[MaxValueValidator(MOST_DAYS)],
        help_text="Days without anything new after which a subject's profile and visits here are "
        "deleted. 0: never.",
    )
    created_at = UTCDateTimeField(auto_now_add=True)
    updated_at = UTCDateTimeField(auto_now=True)

    class Meta:
        db_table = "surfaces_surface"
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.title or self.slug

    def clean(self) -> None:
        if self.definition is None:  # the form has refused it already
            return
        if not isinstance(self.definition, dict):
            raise ValidationError({"definition": "is not an object."})
        try:
            surface = surface_json.parse(self.full_definition())
            feasibility.refuse_impossible(surface)
            refuse_contradictions(surface, Surface.others(slug=self.slug, pk=self.pk))
        except SurfaceError as error:
            raise ValidationError({"definition": str(error)}) from error

    @classmethod
    def others(cls, *, slug: str, pk: int | None = None) -> models.QuerySet[Surface]:
        """All other surfaces, the oldest first. pk: of its row, which may have another slug."""
        rows = cls.objects.exclude(pk=pk) if pk else cls.objects.exclude(slug=slug)
        return rows.order_by("pk")

    def full_definition(self) -> dict[str, Any]:
        """The definition together with the values stored in columns."""
        row = {"slug": self.slug, "revision": self.revision, "mode": self.mode}
        return {**self.definition, **row}

    @property
    def zone(self) -> str:
        """The IANA name of the time zone in which its days are cut."""
        return str(self.definition.get("zone", UTC_NAME))


class PopularityDay(models.Model):
    """The visits counted on one day of the surface: the input of
    `uiengine.behaviour.popularity.fold_day`."""

    surface = models.ForeignKey(Surface, models.CASCADE, related_name="popularity_days")
    day = models.PositiveIntegerField(
        help_text="Whole days since 1970-01-01 in the surface's zone."
    )
    shares = models.JSONField(default=dict, help_text="Per block, the sum of 1 / blocks used.")
    newcomers = models.JSONField(
        default=dict, help_text="The same over visits that were one of their subject's first three."
    )
    visits = models.PositiveIntegerField(default=0)
    people = models.PositiveIntegerField(
        default=0, help_text="Subjects whose first visit of a period of 28 days it was."
    )

    class Meta:
        db_table = "surfaces_popularityday"
        ordering = ("surface", "day")
        constraints = (
            models.UniqueConstraint(fields=("surface", "day"), name="popularity_surface_day"),
        )

    def __str__(self) -> str:
        return f"{self.surface_id}, day {self.day}: {self.visits} visits"


class ImportedPage(models.Model):
    """The file that a surface was made of, so that layouts can be written back into it."""

    surface = models.OneToOneField(Surface, models.CASCADE, related_name="imported")
    format = models.CharField(max_length=30, help_text="The tool that saved the file.")
    file_name = models.CharField(max_length=255, blank=True)
    content = models.BinaryField(help_text="The file as it was.")
    notes = models.JSONField(
        default=list, help_text="What was carried in another form, or stays as it stands."
    )
    imported_at = UTCDateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.surface}: {self.file_name or 'a file'} of {self.format}"
