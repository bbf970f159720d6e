"""Serializers of the API's requests and answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from math import isfinite
from typing import Any

from rest_framework import ISO_8601, serializers

from webapp.subjects.events import Arrival
from webapp.subjects.goals import GOAL
from webapp.subjects.models import Event
from webapp.subjects.visit_wishes import FEEDBACK, PUT_AWAY
from webapp.surfaces.goal_models import MOST_VALUE

MOST_EVENTS = 100
MOST_DECISION = 65_536
"""Maximum characters; 200 blocks with ids of 100 characters need less."""
NOT_ONE_OF = '"{{input}}" is not a valid choice. Send one of: {choices}.'
VALUES = ("rank", "breakpoint", "x", "y", "w", "h", "on", "ms")
WITH_BLOCK = frozenset(
    {"use", "dwell", "dismiss", "pin", "unpin", "move", "resize", "suggested"} | PUT_AWAY
)


def choice_field(
    choices: Sequence[str | tuple[str, str]], **options: Any
) -> serializers.ChoiceField:
    """A choice field whose error lists the allowed values."""
    values = [choice if isinstance(choice, str) else choice[0] for choice in choices]
    said = NOT_ONE_OF.format(choices=", ".join(values))
    return serializers.ChoiceField(choices, error_messages={"invalid_choice": said}, **options)


class GoalValueField(serializers.FloatField):
    """A finite number from 0 on."""

    def __init__(self) -> None:
        super().__init__(
            min_value=0,
            max_value=MOST_VALUE,
            required=False,
            help_text="goal: what it is worth, such as an order's sum; 1 without it.",
        )

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if not isfinite(value):
            self.fail("invalid")
        return value


class ActionIn(serializers.Serializer[Arrival]):
    """An action on the page. Its identity is (id, at): a retry sends the same bytes and counts
    once."""

    id = serializers.RegexField(r"^[\x21-\x7e]+$", max_length=64)
    at = serializers.DateTimeField(
        default_timezone=UTC, input_formats=[ISO_8601], help_text="UTC, by the client's clock."
    )
    type = choice_field(Event.Kind.choices)
    block = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")
    rank = serializers.IntegerField(min_value=0, max_value=1000, required=False)
    breakpoint = serializers.CharField(max_length=100, required=False)
    x = serializers.IntegerField(min_value=0, max_value=1000, required=False)
    y = serializers.IntegerField(min_value=0, max_value=100_000, required=False)
    w = serializers.IntegerField(min_value=1, max_value=1000, required=False)
    h = serializers.IntegerField(min_value=1, max_value=100_000, required=False)
    on = serializers.BooleanField(
        required=False, help_text="freeze, plain: false lets it adapt again."
    )
    ms = serializers.IntegerField(min_value=0, max_value=86_400_000, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["type"] in WITH_BLOCK and not attrs["block"]:
            raise serializers.ValidationError({"block": f"`{attrs['type']}` names a block."})
        if attrs["type"] == "move" and "rank" not in attrs:
            raise serializers.ValidationError({"rank": "`move` names the rank to move to."})
        return attrs


SIZE = ("breakpoint", "w", "h")
"""What `resize` names when it is asked for, and not only told of."""


class EventIn(ActionIn):
    """An event. Its identity is (id, at), a goal's its id alone: a retry counts once."""

    type = choice_field([*Event.Kind.choices, (GOAL, "Goal")])
    name = serializers.CharField(
        max_length=50, required=False, help_text="goal: as the team declared it for the surface."
    )
    value = GoalValueField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["type"] == GOAL and "name" not in attrs:
            raise serializers.ValidationError({"name": "`goal` names a goal of the surface."})
        return super().validate(attrs)


def arrival(data: dict[str, Any]) -> Arrival:
    if data["type"] == GOAL:
        return goal_arrival(data)
    value = {name: data[name] for name in VALUES if name in data}
    return Arrival(data["id"], data["at"], data["type"], data["block"], value)


def goal_arrival(data: dict[str, Any]) -> Arrival:
    value = {"name": data["name"], "value": data.get("value", 1.0)}
    return Arrival(data["id"], data["at"], GOAL, "", value)


class BatchIn(serializers.Serializer[Any]):
    decision = serializers.CharField(max_length=MOST_DECISION, help_text="As the layout had it.")
    events = serializers.ListField(
        child=EventIn(),
        min_length=1,
        max_length=MOST_EVENTS,
        error_messages={
            "max_length": "More than {max_length} events: split the batch, with the same decision."
        },
    )


class FeedbackIn(ActionIn):
    decision = serializers.CharField(max_length=MOST_DECISION)
    type = choice_field(sorted(FEEDBACK))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        missing = [n for n in SIZE if n not in attrs] if attrs["type"] == "resize" else []
        if missing:
            says = "`resize` names the breakpoint, and w and h in its cells."
            raise serializers.ValidationError({missing[0]: says})
        return super().validate(attrs)


class GoalIn(serializers.Serializer[Arrival]):
    """Somebody reached a goal. Of one id, one event counts for a person and goal."""

    id = serializers.RegexField(r"^[\x21-\x7e]+$", max_length=64, help_text="Such as the order's.")
    at = serializers.DateTimeField(default_timezone=UTC, input_formats=[ISO_8601])
    name = serializers.CharField(max_length=50, help_text="As the team declared it.")
    value = GoalValueField()


class GoalsIn(serializers.Serializer[Any]):
    surface = serializers.CharField(max_length=100)
    goals = serializers.ListField(child=GoalIn(), min_length=1, max_length=MOST_EVENTS)


class BatchOut(serializers.Serializer[Any]):
    accepted = serializers.IntegerField()
    duplicate = serializers.IntegerField()
    ignored = serializers.IntegerField(
        help_text="Without a subject, or without profiling: nothing is kept."
    )


class CountIn(serializers.Serializer[Any]):
    surface = serializers.CharField(max_length=100)
    blocks = serializers.ListField(
        child=serializers.CharField(max_length=100),
        min_length=1,
        max_length=MOST_EVENTS,
        help_text="Those that one visit used.",
    )


class MistakeOut(serializers.Serializer[Any]):
    field = serializers.CharField()
    value = serializers.JSONField()
    detail = serializers.CharField()


class ProblemOut(serializers.Serializer[Any]):
    """RFC 9457 problem details. `field` and `value` are those of the first mistake."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    field = serializers.CharField(required=False)
    value = serializers.JSONField(required=False)
    errors = MistakeOut(  # type: ignore[assignment]
        many=True, required=False, help_text="The mistakes of a body, at most 10, the first first."
    )
    next_step = serializers.CharField()


class CsrfOut(serializers.Serializer[Any]):
    cookie = serializers.CharField(
        help_text="The cookie that scripts may read the token from, now and after a sign-in; empty "
        "if there is none."
    )
    header = serializers.CharField(help_text="The header that carries the token.")
    token = serializers.CharField()


class ConsentIn(serializers.Serializer[Any]):
    consent = serializers.BooleanField()


class TrainedVersionOut(serializers.Serializer[Any]):
    version = serializers.CharField()
    status = serializers.CharField()
    surface = serializers.CharField(help_text="Whose visits it was trained with.")
    serves = serializers.ListField(child=serializers.CharField(), help_text="As champion.")


class ErasedOut(serializers.Serializer[Any]):
    erased = serializers.BooleanField()
    trained_versions = TrainedVersionOut(
        many=True,
        help_text="Trained with the erased visits; the next nightly retrain is without them.",
    )


class BacklogOut(serializers.Serializer[Any]):
    pending = serializers.IntegerField(help_text="Accepted events that wait to be counted.")
    most = serializers.IntegerField(help_text="With more, POST /api/events answers 429.")


class HealthOut(serializers.Serializer[Any]):
    status = serializers.CharField()
    surfaces = serializers.IntegerField()
    answers = serializers.DictField(child=serializers.IntegerField())
    backlog = BacklogOut()
