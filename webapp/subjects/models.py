"""Tables of subjects, their profiles, visits, events and decisions."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from webapp.lib import user_key
from webapp.lib.utc_field import UTCDateTimeField
from webapp.subjects.attribute_models import AttributeEnd, AttributeRead, AttributeRetention
from webapp.subjects.import_models import Import, ImportPart
from webapp.subjects.key_models import RevokedToken, Scope, ServerKey, every_scope
from webapp.subjects.shards import ShardField
from webapp.surfaces.models import Goal, Surface

__all__ = [
    "AttributeEnd",
    "AttributeRead",
    "AttributeRetention",
    "Erasure",
    "Event",
    "GoalEvent",
    "Import",
    "ImportPart",
    "ImportedHistory",
    "ImportedTie",
    "PersonalAttributes",
    "Profile",
    "RevokedToken",
    "Scope",
    "ServedDecision",
    "ServerKey",
    "Subject",
    "TrainingErasure",
    "TrainingMark",
    "Visit",
    "every_scope",
]


class Subject(models.Model):
    """A person or visitor. `key`: django:<pk>, file:<user>, anon:<random>, or the host's own."""

    class Source(models.TextChoices):
        LIVE = "live", "Live"
        IMPORTED = "imported", "Imported from files"
        SIMULATED = "simulated", "Simulated"

    key = models.CharField(max_length=200, unique=True)
    user = user_key.OneUserKey(
        settings.AUTH_USER_MODEL,
        user_key.cascade,
        null=True,
        blank=True,
        related_name="layout_subject",
    )
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.LIVE)
    clock_offset = models.BigIntegerField(
        default=0, help_text="Seconds that this subject's clock runs ahead. For demonstrations."
    )
    created_at = UTCDateTimeField(auto_now_add=True)
    shard = ShardField(help_text="Work on many people is divided by it.")

    class Meta:
        db_table = "subjects_subject"
        ordering = ("key",)
        indexes = (models.Index(fields=("shard",), name="subject_shard"),)

    def __str__(self) -> str:
        return self.key


class PersonalAttributes(models.Model):
    """Demographic attributes, given with consent, for audits only: no trained model reads them."""

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="attributes")
    surface = models.ForeignKey(
        Surface, models.CASCADE, null=True, blank=True, help_text="Empty: on every surface."
    )
    values = models.JSONField(default=dict, help_text='For example {"gender": "F"}.')
    consented_at = UTCDateTimeField()
    consent_note = models.CharField(max_length=200, help_text="Where and how consent was given.")

    class Meta:
        db_table = "subjects_personalattributes"
        verbose_name_plural = "personal attributes"
        constraints = (
            models.UniqueConstraint(fields=("subject", "surface"), name="attributes_once"),
            models.UniqueConstraint(
                fields=("subject",),
                condition=models.Q(surface=None),
                name="attributes_once_everywhere",
            ),
        )

    def __str__(self) -> str:
        return f"Attributes of subject {self.subject_id}"


class Profile(models.Model):
    """A subject's stored behaviour on a surface (`webapp.subjects.visit_state.State`)."""

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="profiles")
    surface = models.ForeignKey(Surface, models.CASCADE, related_name="profiles")
    state = models.JSONField(default=dict)
    version = models.PositiveBigIntegerField(default=0, help_text="Raised by every write.")
    open_until = UTCDateTimeField(
        null=True, blank=True, db_index=True, help_text="When the open visit ends by itself."
    )
    updated_at = UTCDateTimeField(auto_now=True)

    class Meta:
        db_table = "subjects_profile"
        constraints = (models.UniqueConstraint(fields=("subject", "surface"), name="profile_once"),)

    def __str__(self) -> str:
        return f"Profile {self.pk}: subject {self.subject_id} on surface {self.surface_id}"


class ImportedHistory(models.Model):
    """The events that a profile was imported from, so that a later import can continue them."""

    profile = models.OneToOneField(Profile, models.CASCADE, related_name="imported_history")
    events = models.BinaryField(help_text="Compressed; see subjects/imports/events/visits.")

    class Meta:
        verbose_name_plural = "imported histories"

    def __str__(self) -> str:
        return f"Imported events of profile {self.profile_id}"


class ImportedTie(models.Model):
    """From `at` on, an id in imported files (a device, a guest) is known to be this person."""

    subject = models.ForeignKey(Subject, models.CASCADE, related_name="ties")
    alias = models.CharField(max_length=200, help_text="The other id, as in the files.")
    at = UTCDateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("alias", "subject", "at"), name="tie_once"),)

    def __str__(self) -> str:
        return f"An id of subject {self.subject_id}"


class ServedDecision(models.Model):
    """A decision that came back with an event: the layout shown, and how it was chosen."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="decisions")
    digest = models.CharField(max_length=32, help_text="Hash of all that the decision says.")
    visit = models.CharField(max_length=32)
    since = models.BigIntegerField(help_text="Time of the last event before the visit, in ms.")
    day = models.PositiveIntegerField()
    version = models.CharField(max_length=100, blank=True)
    revision = models.PositiveIntegerField()
    generation = models.PositiveIntegerField()
    status = models.CharField(max_length=10)
    order = models.JSONField(help_text="Block ids in reading order, as shown.")
    sizes = models.JSONField(
        null=True,
        blank=True,
        help_text="Blocks shown in their least (0) or largest (2) size; none where it is empty.",
    )
    tokens = models.JSONField(
        default=list, help_text="The person's codes; of a page by book the byte."
    )
    book = models.CharField(
        max_length=16,
        blank=True,
        default="",
        db_default="",
        help_text="Hash of the book whose entry was shown; empty where the engine decided.",
    )
    side_bits = models.PositiveIntegerField(default=0)
    distortion = models.FloatField(default=0.0)
    propensity = models.FloatField(default=1.0)
    explored = models.BooleanField(default=False)
    budget = models.PositiveIntegerField(
        default=0, help_text="Candidates that could be scored; 1 means no search was made."
    )
    candidates = models.JSONField(
        default=list,
        blank=True,
        help_text="Where the surface explores: places in `order`, modelled seconds, propensity.",
    )
    received_at = UTCDateTimeField(auto_now_add=True)

    class Meta:
        db_table = "subjects_serveddecision"
        constraints = (models.UniqueConstraint(fields=("profile", "digest"), name="decision_once"),)

    def __str__(self) -> str:
        return f"Decision {self.digest[:8]} of visit {self.visit[:8]}"


class Visit(models.Model):
    """A folded visit with raw counts per block. A used block counts once in profile and
    popularity."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="visits")
    visit = models.CharField(max_length=40, help_text="The id that decisions carry.")
    started_at = UTCDateTimeField(db_index=True)
    day = models.PositiveIntegerField(
        help_text="Whole days since 1970-01-01 in the surface's zone."
    )
    uses = models.JSONField(default=dict, help_text="Raw uses per block.")
    order = models.JSONField(default=list, help_text="Block ids as last shown in the visit.")
    decision = models.ForeignKey(
        ServedDecision, models.SET_NULL, null=True, blank=True, related_name="visits"
    )
    is_closed = models.BooleanField(default=False)
    drawn = models.ForeignKey(
        ServedDecision,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="drawn_visits",
        help_text="The decision whose layout was drawn, where the surface explores.",
    )
    before = models.JSONField(
        null=True, blank=True, help_text="The profile that it was drawn by. For comparisons."
    )
    reward = models.FloatField(
        null=True, blank=True, help_text="Minus the modelled seconds per use, of a drawn layout."
    )

    class Meta:
        db_table = "subjects_visit"
        constraints = (models.UniqueConstraint(fields=("profile", "visit"), name="visit_once"),)

    def __str__(self) -> str:
        return f"Visit {self.visit[:8]} of {self.started_at:%Y-%m-%d %H:%M}"


class Event(models.Model):
    """An action of a subject, identified by (id, at). The row says if it has been folded."""

    class Kind(models.TextChoices):
        IMPRESSION = "impression"
        USE = "use"
        DWELL = "dwell"
        DISMISS = "dismiss"
        PIN = "pin"
        UNPIN = "unpin"
        MOVE = "move"
        RESIZE = "resize"
        UNDO = "undo"
        FREEZE = "freeze"
        PLAIN = "plain"
        FOLD = "fold"
        PUT_AWAY = "put_away"
        BRING_BACK = "bring_back"
        SUGGESTED = "suggested"
        DECLINE = "decline"
        RESET = "reset"

    class Fold(models.TextChoices):
        PENDING = "pending"
        FOLDED = "folded"

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="events")
    decision = models.ForeignKey(ServedDecision, models.CASCADE, related_name="events")
    event_id = models.CharField(max_length=64, help_text="The client's id.")
    at = UTCDateTimeField(help_text="When it happened, by the client's clock.")
    happened_at = UTCDateTimeField(help_text="The same, held within what the server knows.")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    block = models.CharField(max_length=100, blank=True)
    value = models.JSONField(default=dict, help_text="Rank, cell, milliseconds: by kind.")
    batch = models.UUIDField(help_text="The request that brought it.")
    received_at = UTCDateTimeField()
    fold = models.CharField(max_length=8, choices=Fold.choices, default=Fold.PENDING)
    lease_until = UTCDateTimeField(help_text="Until then someone is asked to fold it.")
    visit = models.CharField(max_length=40, blank=True, help_text="The visit it was folded into.")

    class Meta:
        db_table = "subjects_event"
        constraints = (
            models.UniqueConstraint(fields=("profile", "event_id", "at"), name="event_once"),
        )
        indexes = (
            models.Index(
                fields=("profile", "happened_at"),
                condition=models.Q(fold="pending"),
                name="event_pending",
            ),
            models.Index(
                fields=("lease_until",), condition=models.Q(fold="pending"), name="event_stale"
            ),
            models.Index(fields=("received_at",), name="event_received"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.block} at {self.at:%Y-%m-%d %H:%M:%S}"


class GoalEvent(models.Model):
    """Somebody reached a goal that the team declared. It moves no block and opens no visit."""

    profile = models.ForeignKey(Profile, models.CASCADE, related_name="goals")
    goal = models.ForeignKey(Goal, models.CASCADE, related_name="events")
    event_id = models.CharField(max_length=64, help_text="The sender's id: it counts once.")
    happened_at = UTCDateTimeField(help_text="As sent, held within what the server knows.")
    value = models.FloatField(default=1.0)
    by_server = models.BooleanField(default=False, help_text="Sent with a server key.")
    received_at = UTCDateTimeField(db_index=True)

    class Meta:
        db_table = "subjects_goalevent"
        constraints = (
            models.UniqueConstraint(fields=("profile", "goal", "event_id"), name="goal_event_once"),
        )

    def __str__(self) -> str:
        return f"Goal {self.goal_id} at {self.happened_at:%Y-%m-%d %H:%M:%S}: {self.value:g}"


class TrainingMark(models.Model):
    """A keyed hash of a subject that a run trained with; it can answer if a given key was
    included."""

    run = models.ForeignKey(
        "uiengine_codebooks.Run",
        models.CASCADE,
        related_name="training_marks",
        help_text="A retrain.",
    )
    mark = models.CharField(max_length=32, help_text="HMAC of run and subject key.")

    class Meta:
        db_table = "subjects_trainingmark"
        constraints = (models.UniqueConstraint(fields=("run", "mark"), name="mark_once"),)

    def __str__(self) -> str:
        return f"{self.mark[:8]} of run {self.run_id}"


class TrainingErasure(models.Model):
    """Count of a run's training subjects erased since; its version should be retrained."""

    run = models.OneToOneField(
        "uiengine_codebooks.Run", models.CASCADE, related_name="training_erasure"
    )
    subjects = models.PositiveIntegerField(default=0)
    last_at = UTCDateTimeField(help_text="Of the latest one.")

    class Meta:
        db_table = "subjects_trainingerasure"
        ordering = ("-last_at",)

    def __str__(self) -> str:
        return f"{self.subjects} erased subjects of run {self.run_id}"


class Erasure(models.Model):
    """A keyed hash of an erased key; decisions signed before the erasure are void."""

    mark = models.CharField(max_length=32, unique=True, help_text="HMAC of the subject's key.")
    times = models.PositiveIntegerField(default=1)
    last_at = UTCDateTimeField()

    class Meta:
        db_table = "subjects_erasure"
        indexes = (models.Index(fields=("last_at",), name="erasure_last_at"),)

    def __str__(self) -> str:
        return f"{self.mark[:8]}, erased {self.times} times"
