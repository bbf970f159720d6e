"""Codebook versions, which of them serves where, and who said so."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from webapp.surfaces.models import Surface


class CodebookVersion(models.Model):
    """An immutable artefact: its files lie in the `artefacts` storage under `folder`."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        TRAINED = "trained"
        AUDITED = "audited"
        SHADOW = "shadow"
        CANARY = "canary"
        CHAMPION = "champion"
        RETIRED = "retired"
        REFUSED = "refused"

    name = models.CharField(max_length=100, unique=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    folder = models.CharField(max_length=200, help_text="Within the artefact storage.")
    manifest = models.JSONField(default=dict, help_text="SHA-256 of each file.")
    card = models.JSONField(default=dict)
    surfaces = models.ManyToManyField(
        Surface, blank=True, related_name="versions", help_text="Trained for; none: innate."
    )
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-created_at", "name")

    def __str__(self) -> str:
        return self.name


class Alias(models.Model):
    """Which version has which part on a surface."""

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
    since = models.DateTimeField(default=timezone.now, help_text="Visits open then are left alone.")

    class Meta:
        verbose_name_plural = "aliases"
        constraints = (models.UniqueConstraint(fields=("surface", "name"), name="alias_once"),)

    def __str__(self) -> str:
        return f"{self.name} of surface {self.surface_id}: version {self.version_id}"


class AliasMove(models.Model):
    """A row of the record: what an alias was pointed at, who did it, when and why.

    The rows of all surfaces are one chain (`chain`): `stated` is what was said, `digest` the hash
    of it and of the row before. Rows outlive the surface.
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
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    by_name = models.CharField(max_length=150, help_text="Kept when the account is gone.")
    why = models.CharField(max_length=500)
    is_rollback = models.BooleanField(default=False)
    figures = models.JSONField(default=dict, blank=True, help_text="What it was decided on.")
    at = models.DateTimeField(default=timezone.now)
    stated = models.JSONField(default=dict, help_text="What is hashed.")
    previous = models.CharField(max_length=64, unique=True, help_text="Digest of the row before.")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256.")

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.name} of surface {self.surface_id} to version {self.after_id}"


class Rollout(models.Model):
    """How versions come into service on a surface, and when a live one is taken back by itself."""

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
        help_text="What the pipeline does with a version that meets all four conditions.",
    )
    canary_percent = models.PositiveSmallIntegerField(
        default=5,
        validators=(MinValueValidator(1), MaxValueValidator(50)),
        help_text="Percent of subjects that a canary serves; always the same ones.",
    )
    needs_two = models.BooleanField(
        "needs two people",
        default=False,
        help_text="A promotion is proposed by one person and confirmed by another.",
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

    def __str__(self) -> str:
        return f"Rollout of surface {self.surface_id}"


class Proposal(models.Model):
    """A promotion that one person asked for and another has to confirm."""

    surface = models.ForeignKey(Surface, models.CASCADE, related_name="proposals")
    version = models.ForeignKey(CodebookVersion, models.CASCADE, related_name="proposals")
    by_name = models.CharField(max_length=150)
    why = models.CharField(max_length=500)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-at",)
        constraints = (
            models.UniqueConstraint(fields=("surface", "version"), name="proposal_once"),
        )

    def __str__(self) -> str:
        return f"{self.by_name} proposes version {self.version_id}"


class Pipeline(models.Model):
    """A version on its way: `pipelines.STEPS`, each of them a Run."""

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
    outcome = models.CharField(max_length=500, blank=True, help_text="How it ended, in words.")
    result = models.JSONField(default=dict, blank=True, help_text="What its steps left, by step.")
    asked_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("surface",),
                condition=models.Q(state="running"),
                name="pipeline_one_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk} of surface {self.surface_id}: {self.state}"


class Run(models.Model):
    """A step of a pipeline that a worker carries out. The row is the truth; a message is a hint.

    A worker holds a run by `holder` until `lease_until`; when that passes, the sweep gives the run
    to another one, and whatever the first still does with it is refused.
    """

    class Kind(models.TextChoices):
        COLLECT = "collect"
        TRAIN = "train"
        EXPORT = "export"
        REPLAY = "replay"
        AUDIT = "audit"
        GATE = "gate"
        PROMOTE = "promote"

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
        help_text="Whose step it is; empty: an audit by itself.",
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
    lease_until = models.DateTimeField(null=True, blank=True)
    progress = models.FloatField(default=0.0, help_text="Share done, 0 to 1.")
    doing = models.CharField(max_length=200, blank=True)
    result = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    asked_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "surface"),
                condition=models.Q(state__in=("queued", "running"), pipeline=None),
                name="run_one_at_a_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} of surface {self.surface_id}: {self.state}"


class GateReport(models.Model):
    """The gate's judgement of a version for a surface: four conditions with their figures.

    conditions: {name, verdict, figure, limit, unit, text, …}. A failed condition blocks; an unclear
    one blocks until a named person takes it upon themselves.
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
    created_at = models.DateTimeField(auto_now_add=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledgement = models.CharField(max_length=500, blank=True, help_text="Who, and why.")

    class Meta:
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return f"{self.verdict}: version {self.version_id} for surface {self.surface_id}"


class Agreement(models.Model):
    """How a challenger would have decided beside the champion: sums over a look, no person's row.

    decisions: compared; same: equal orders; moved: blocks at another rank, summed; failed: where
    the challenger raised.
    """

    surface = models.ForeignKey(Surface, models.CASCADE, related_name="agreements")
    champion = models.ForeignKey(CodebookVersion, models.CASCADE, related_name="+")
    challenger = models.ForeignKey(CodebookVersion, models.CASCADE, related_name="agreements")
    since = models.DateTimeField()
    until = models.DateTimeField()
    decisions = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-until",)
        constraints = (
            models.UniqueConstraint(
                fields=("surface", "challenger", "since"), name="agreement_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.same} of {self.decisions} alike"


class LiveMinute(models.Model):
    """Answers that web processes gave in a minute. content: the version's content id."""

    surface = models.ForeignKey(Surface, models.CASCADE, related_name="live_minutes")
    content = models.CharField(max_length=64)
    minute = models.DateTimeField(db_index=True)
    answers = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    fallbacks = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("surface", "content", "minute"), name="live_minute_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.answers} answers at {self.minute:%H:%M}"


class GuardWindow(models.Model):
    """What the live guardrails saw of a version in ten minutes. bad: names of those it broke."""

    surface = models.ForeignKey(Surface, models.CASCADE, related_name="guard_windows")
    version = models.ForeignKey(CodebookVersion, models.CASCADE, related_name="guard_windows")
    since = models.DateTimeField()
    answers = models.PositiveIntegerField()
    visits = models.PositiveIntegerField()
    figures = models.JSONField(default=dict)
    bad = models.JSONField(default=list)
    is_enough = models.BooleanField(help_text="Whether there were enough answers to tell.")

    class Meta:
        ordering = ("-since", "-pk")
        constraints = (
            models.UniqueConstraint(fields=("surface", "version", "since"), name="window_once"),
        )

    def __str__(self) -> str:
        return f"{self.since:%Y-%m-%d %H:%M}: {', '.join(self.bad) or 'good'}"
