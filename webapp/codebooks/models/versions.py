"""Codebook versions, which of them serves where, and who said so."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from webapp.lib import user_key
from webapp.lib.utc_field import UTCDateTimeField
from webapp.surfaces.models import Surface


class CodebookVersion(models.Model):
    """An immutable artefact; its files are in `folder` of the `artefacts` storage."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        TRAINED = "trained"
        AUDITED = "audited"
        SHADOW = "shadow"
        CANARY = "canary"
        CHAMPION = "champion"
        RETIRED = "retired"
        REFUSED = "refused"
        REMOVED = "removed", "Removed: its files are deleted"

    name = models.CharField(max_length=100, unique=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    folder = models.CharField(max_length=200, help_text="Within the artefact storage.")
    manifest = models.JSONField(default=dict, help_text="SHA-256 of each file.")
    card = models.JSONField(default=dict)
    surfaces = models.ManyToManyField(
        Surface, blank=True, related_name="versions", help_text="Trained for; none: innate."
    )
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True)
    created_at = UTCDateTimeField(auto_now_add=True)

    class Meta:
        db_table = "codebooks_codebookversion"
        ordering = ("-created_at", "name")

    def __str__(self) -> str:
        return self.name

    @property
    def is_innate(self) -> bool:
        """Whether it was trained for no particular surface."""
        return not self.manifest.get("surfaces")


class Alias(models.Model):
    """A version's role on a surface: champion, challenger or anchor."""

    class Name(models.TextChoices):
        CHAMPION = "champion"
        CHALLENGER = "challenger"
        ANCHOR = "anchor"

    surface = models.ForeignKey(Surface, models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=10, choices=Name.choices)
    version = models.ForeignKey(CodebookVersion, models.PROTECT, related_name="aliases")
    share = models.PositiveSmallIntegerField(
        default=0, help_text="Of a challenger: percent of subjects it serves. 0: shadow."
    )
    since = UTCDateTimeField(default=timezone.now, help_text="Visits open then are left alone.")

    class Meta:
        db_table = "codebooks_alias"
        verbose_name_plural = "aliases"
        constraints = (models.UniqueConstraint(fields=("surface", "name"), name="alias_once"),)

    def __str__(self) -> str:
        return f"{self.name} of surface {self.surface_id}: version {self.version_id}"


class AliasMove(models.Model):
    """A row of the record: an alias's new version, who moved it, when and why.

    The rows of all surfaces form one chain (`registry.move_record`): `stated` is the hashed
    content, `digest` the hash of it and of the previous digest. Rows outlive the surface.
    """

    surface = models.ForeignKey(Surface, models.SET_NULL, null=True, related_name="alias_moves")
    name = models.CharField(max_length=10, choices=Alias.Name.choices)
    before = models.ForeignKey(
        CodebookVersion, models.PROTECT, null=True, blank=True, related_name="moves_from"
    )
    after = models.ForeignKey(
        CodebookVersion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="moves_to",
        help_text="Empty: the alias was taken away.",
    )
    share = models.PositiveSmallIntegerField(default=0, help_text="Of a challenger, in percent.")
    by = user_key.UserKey(settings.AUTH_USER_MODEL, user_key.set_null, null=True, blank=True)
    by_name = models.CharField(max_length=150, help_text="Kept when the account is gone.")
    why = models.CharField(max_length=500)
    is_rollback = models.BooleanField(default=False)
    figures = models.JSONField(default=dict, blank=True, help_text="What it was decided on.")
    at = UTCDateTimeField(default=timezone.now)
    stated = models.JSONField(default=dict, help_text="What is hashed.")
    previous = models.CharField(max_length=64, unique=True, help_text="Digest of the row before.")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256.")

    class Meta:
        db_table = "codebooks_aliasmove"
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.name} of surface {self.surface_id} to version {self.after_id}"


class Rollout(models.Model):
    """Rollout settings of a surface, and the limits at which the guard takes a version back."""

    class AfterGate(models.TextChoices):
        PROMOTE = "promote", "Promote"
        CANARY = "canary", "Serve it to the canary share"
        SHADOW = "shadow", "Let it decide in the shadow"
        HOLD = "hold", "Wait for a person"

    surface = models.OneToOneField(Surface, models.CASCADE, related_name="rollout")
    after_gate = models.CharField(
        max_length=10,
        choices=AfterGate.choices,
        default=AfterGate.PROMOTE,
        help_text="What the pipeline does with a version that meets all conditions.",
    )
    canary_percent = models.PositiveSmallIntegerField(
        default=5,
        validators=(MinValueValidator(1), MaxValueValidator(50)),
        help_text="Percent of subjects that a canary serves; always the same ones.",
    )
    needs_two = models.BooleanField(
        "needs two people",
        default=False,
        help_text="A promotion is proposed by one person and confirmed by another, and so is a "
        "canary, and the end of this rule. No pipeline lets a version serve by itself.",
    )
    lifted_by = models.CharField(
        max_length=150, blank=True, editable=False, help_text="Who asked to end that rule."
    )
    rolls_back = models.BooleanField(
        "rolls back by itself",
        default=True,
        help_text="Takes a version back after two bad windows of ten minutes in a row.",
    )
    most_errors = models.FloatField(
        default=0.01,
        validators=(MinValueValidator(0), MaxValueValidator(1)),
        help_text="Largest share of answers that failed.",
    )
    most_fallbacks = models.FloatField(
        default=0.02,
        validators=(MinValueValidator(0), MaxValueValidator(1)),
        help_text="Largest share of answers that were the default instead.",
    )
    most_seconds = models.FloatField(
        default=0.05,
        validators=(MinValueValidator(0), MaxValueValidator(1)),
        help_text="Most modelled seconds a use above the default layout's, as a share of them.",
    )
    least_answers = models.PositiveIntegerField(
        default=50,
        validators=(MinValueValidator(1), MaxValueValidator(1_000_000)),
        help_text="A window with fewer answers, or visits, says nothing.",
    )
    cooldown_minutes = models.PositiveIntegerField(
        default=60,
        validators=(MaxValueValidator(7 * 24 * 60),),
        help_text="After a rollback by itself, the next one waits this long: a week at most.",
    )

    class Meta:
        db_table = "codebooks_rollout"

    def __str__(self) -> str:
        return f"Rollout of surface {self.surface_id}"


class Proposal(models.Model):
    """A promotion proposed by one person that another has to confirm."""

    surface = models.ForeignKey(Surface, models.CASCADE, related_name="proposals")
    version = models.ForeignKey(CodebookVersion, models.CASCADE, related_name="proposals")
    by = user_key.UserKey(settings.AUTH_USER_MODEL, user_key.set_null, null=True, blank=True)
    by_name = models.CharField(max_length=150)
    why = models.CharField(max_length=500)
    at = UTCDateTimeField(default=timezone.now)

    class Meta:
        db_table = "codebooks_proposal"
        ordering = ("-at",)
        constraints = (
            models.UniqueConstraint(fields=("surface", "version"), name="proposal_once"),
        )

    def __str__(self) -> str:
        return f"{self.by_name} proposes version {self.version_id}"
