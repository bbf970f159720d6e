"""The table of books: a page's layouts of a day, as public JSON."""

from __future__ import annotations

from django.db import models

from webapp.lib.utc_field import UTCDateTimeField
from webapp.surfaces.models import Surface


class KeptBook(models.Model):
    """A book of a surface's revision, for a version and a day; its body never changes.

    content: the version's content id; day: whole days since 1970, by the surface's zone; hash: the
    name in its address; body: its JSON, compressed by gzip.
    """

    surface = models.ForeignKey(Surface, models.CASCADE, related_name="books")
    content = models.CharField(max_length=64)
    revision = models.PositiveIntegerField()
    day = models.PositiveIntegerField()
    hash = models.CharField(max_length=16, unique=True)
    body = models.BinaryField()
    made_at = UTCDateTimeField(db_index=True)
    weights = models.JSONField(default=dict, help_text="What decided, by `codebooks.weights`.")

    class Meta:
        db_table = "codebooks_keptbook"
        ordering = ("-day", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("surface", "content", "revision", "day"), name="book_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.hash} of day {self.day}"
