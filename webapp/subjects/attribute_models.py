"""Tables about personal attributes: who read them, how long each is kept, what has gone."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from webapp.lib.utc_field import UTCDateTimeField
from webapp.surfaces.models import MOST_DAYS, Surface


class AttributeRead(models.Model):
    """One reading of people's attributes. It names no person who was read about."""

    at = UTCDateTimeField(auto_now_add=True, db_index=True)
    who = models.CharField(max_length=150, help_text="Who asked: an account, or what runs by time.")
    why = models.CharField(max_length=200)
    surface = models.CharField(max_length=100, blank=True, help_text="Its slug. Empty: every one.")
    slices = models.JSONField(help_text="Names of the attributes, each with the values read.")
    people = models.PositiveIntegerField(help_text="How many people's attributes were read.")

    class Meta:
        db_table = "subjects_attributeread"
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.who}, {self.at:%Y-%m-%d %H:%M}: {self.why}"


class AttributeRetention(models.Model):
    """How long the values of an attribute are kept; for one without a row see `attributes`."""

    name = models.CharField(max_length=100, unique=True, help_text="Of the attribute.")
    days = models.PositiveIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)],
        help_text="Days after the consent at which values go by themselves, every night.",
    )

    class Meta:
        db_table = "subjects_attributeretention"
        ordering = ("name",)
        verbose_name = "retention of an attribute"
        verbose_name_plural = "retention of attributes"

    def __str__(self) -> str:
        return f"{self.name}: {self.days} days"


class AttributeEnd(models.Model):
    """How many people's values of an attribute went, because they were kept long enough."""

    name = models.CharField(max_length=100)
    surface = models.ForeignKey(
        Surface, models.CASCADE, null=True, blank=True, help_text="Empty: given for every surface."
    )
    days = models.PositiveIntegerField(help_text="After how many days.")
    people = models.PositiveIntegerField()
    at = UTCDateTimeField(db_index=True)

    class Meta:
        db_table = "subjects_attributeend"
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.people} values of {self.name} went after {self.days} days"
