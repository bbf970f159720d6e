"""Imports of files, and the parts that workers store them in."""

from __future__ import annotations

from django.db import models

from webapp.lib.utc_field import UTCDateTimeField


class Import(models.Model):
    """An import of files that were read and checked. It holds nothing about people."""

    class Kind(models.TextChoices):
        VISITS = "visits", "Visits"
        EVENTS = "events", "Events"

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    files = models.CharField(max_length=200, help_text="What was imported, by name.")
    digest = models.CharField(
        max_length=64,
        db_index=True,
        help_text="Of the files and options: the same command goes on with it.",
    )
    by = models.CharField(max_length=200, help_text="Who began it, on which host.")
    given = models.JSONField(default=dict, blank=True, help_text="What all its parts are told.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    result = models.JSONField(default=dict, blank=True, help_text="Counts of what was added.")
    error = models.TextField(blank=True)
    started_at = UTCDateTimeField(auto_now_add=True)
    finished_at = UTCDateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"Import {self.pk} of {self.files}: {self.state}"


class ImportPart(models.Model):
    """People of a range of shards: stored in one transaction, which also marks the row done.

    Whoever stores it holds the row's lock, which ends with a killed worker's connection.
    """

    imported = models.ForeignKey(Import, models.CASCADE, related_name="parts")
    number = models.PositiveSmallIntegerField()
    first_shard = models.PositiveSmallIntegerField()
    end_shard = models.PositiveSmallIntegerField(help_text="The first shard after it.")
    rows = models.PositiveIntegerField(help_text="Of its files, about.")
    files = models.JSONField(default=dict, help_text="Their names in the artefact storage.")
    attempts = models.PositiveSmallIntegerField(default=0)
    host = models.CharField(max_length=100, blank=True, help_text="Who had it last.")
    result = models.JSONField(default=dict, blank=True, help_text="Counts of what was added.")
    error = models.TextField(blank=True, help_text="Its kind; the rest is in the log of its host.")
    started_at = UTCDateTimeField(null=True, blank=True)
    finished_at = UTCDateTimeField(null=True, blank=True, help_text="When it was stored.")

    class Meta:
        ordering = ("imported", "number")
        constraints = (
            models.UniqueConstraint(fields=("imported", "number"), name="import_part_once"),
        )

    def __str__(self) -> str:
        return f"Part {self.number + 1} of import {self.imported_id}"
