"""The parts of a run: ranges of shards, each worked on by one worker at a time."""

from __future__ import annotations

from django.db import models

from webapp.codebooks.models.pipelines import Run
from webapp.lib.utc_field import UTCDateTimeField


class Part(models.Model):
    """A range of shards of a run's work. Held like a run: by `holder`, until `lease_until`."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    run = models.ForeignKey(Run, models.CASCADE, related_name="parts")
    work = models.CharField(max_length=20, help_text="What is done, as it was registered.")
    number = models.PositiveSmallIntegerField()
    first_shard = models.PositiveSmallIntegerField()
    end_shard = models.PositiveSmallIntegerField(help_text="The first shard after it.")
    erasures = models.PositiveIntegerField(
        default=0, help_text="Of the pipeline when it was made; void after another."
    )
    given = models.JSONField(default=dict, blank=True, help_text="What the step says to its parts.")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    holder = models.CharField(max_length=32, blank=True)
    host = models.CharField(max_length=100, blank=True, help_text="Where it is worked on.")
    lease_until = UTCDateTimeField(null=True, blank=True)
    progress = models.FloatField(default=0.0, help_text="Share done, 0 to 1.")
    result = models.JSONField(default=dict, blank=True, help_text="Counts and names of files.")
    error = models.TextField(blank=True)
    started_at = UTCDateTimeField(null=True, blank=True)
    finished_at = UTCDateTimeField(null=True, blank=True)

    class Meta:
        db_table = "codebooks_part"
        ordering = ("run", "work", "number")
        constraints = (models.UniqueConstraint(fields=("run", "work", "number"), name="part_once"),)

    def __str__(self) -> str:
        return f"Part {self.number} of {self.work}, run {self.run_id}: {self.state}"
