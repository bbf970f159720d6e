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
from webapp.subjects.visit_state import FEEDBACK, PUT_AWAY
from webapp.surfaces.goal_models import MOST_VALUE

MOST_EVENTS = 100
MOST_DECISION = 65_536
"""Maximum characters; 200 blocks with ids of 100 characters need less."""
NOT_ONE_OF = '"{{input}}" is not a valid choice. Send one of: {choices}.'
VALUES = ("rank", "breakpoint", "x", "y", "w", "h", "on", "ms")
WITH_BLOCK = frozenset(
    {"use", "dwell", "dismiss", "pin", "unpin", "move", "resize", "suggested"} | PUT_AWAY
)


def _choice(choices: Sequence[str | tuple[str, str]]) -> serializers.ChoiceField:
    """A choice field whose error lists the allowed values."""
    values = [choice if isinstance(choice, str) else choice[0] for choice in choices]
    said = NOT_ONE_OF.format(choices=", ".join(values))
    return serializers.ChoiceField(choices, error_messages={"invalid_choice": said})


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
    type = _choice(Event.Kind.choices)
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

    type = _choice([*Event.Kind.choices, (GOAL, "Goal")])
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
    type = _choice(sorted(FEEDBACK))

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


class ItemOut(serializers.Serializer[Any]):
    """A block's box in grid cells, for react-grid-layout (`i`) and gridstack (`id`)."""

    id = serializers.CharField()
    i = serializers.CharField()
    x = serializers.IntegerField()
    y = serializers.IntegerField()
    w = serializers.IntegerField()
    h = serializers.IntegerField()
    minW = serializers.IntegerField()
    minH = serializers.IntegerField()
    maxW = serializers.IntegerField(required=False, help_text="Absent where unlimited.")
    maxH = serializers.IntegerField(required=False)
    static = serializers.BooleanField()
    locked = serializers.BooleanField()
    noMove = serializers.BooleanField()
    noResize = serializers.BooleanField()
    isDraggable = serializers.BooleanField()
    isResizable = serializers.BooleanField()


class ElementOut(serializers.Serializer[Any]):
    id = serializers.CharField()
    kind = serializers.CharField()
    title = serializers.CharField()
    group = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    pinned = serializers.BooleanField(help_text="By the team.")


class StabilityOut(serializers.Serializer[Any]):
    moved = serializers.ListField(
        child=serializers.CharField(), help_text="Blocks whose rank differs from the last visit's."
    )
    resized = serializers.ListField(
        child=serializers.CharField(),
        help_text="Blocks that have another size than at the last visit, by the engine's choice.",
    )
    budget = serializers.IntegerField(
        help_text="Blocks that may move or get another size per visit."
    )
    cost_seconds = serializers.FloatField(
        help_text="What the unlearnt places cost over the next 20 visits. Modelled, not measured."
    )
    saves_seconds = serializers.FloatField(
        help_text="What moving saves over the same visits, net of that cost. Modelled as well."
    )
    note = serializers.CharField()


class SearchOut(serializers.Serializer[Any]):
    """How the layout was found. The same for a whole visit, whatever the load."""

    system = serializers.IntegerField(
        help_text="2: a search; 1: none, for want of time; 0: there was nothing to decide."
    )
    budget = serializers.IntegerField(help_text="Candidates that could be scored.")


class EmphasisOut(serializers.Serializer[Any]):
    """A block to point to, without moving anything."""

    how = serializers.ChoiceField(
        choices=("appear", "mark"), help_text="What the surface's owner chose."
    )
    block = serializers.CharField(help_text="Its id.")
    probability = serializers.FloatField(
        help_text="Of being used at this visit, as the version or the person's own use has it."
    )


class SuggestionOut(serializers.Serializer[Any]):
    """A block that the page may suggest to put away. Sending a `suggested` event with it says that
    the person saw it; it is not suggested again then."""

    block = serializers.CharField(help_text="Its id.")
    visits = serializers.IntegerField(help_text="The person's own since they last used it.")
    days = serializers.IntegerField(help_text="Since they last used it.")
    says = serializers.CharField(help_text="A sentence for the page, in the request's language.")


class VariantOut(serializers.Serializer[Any]):
    """One of the best layouts."""

    energy_seconds = serializers.FloatField(
        help_text="Expected time over the next 20 visits, per use. Modelled, not measured."
    )
    is_served = serializers.BooleanField(help_text="Whether it is the one in `layouts`.")
    order = serializers.ListField(child=serializers.CharField())
    layouts = serializers.DictField(child=serializers.ListField(child=ItemOut()))
    decision = serializers.CharField(help_text="Events of a page that shows it carry this one.")


class LayoutOut(serializers.Serializer[Any]):
    surface = serializers.CharField()
    revision = serializers.IntegerField()
    status = serializers.ChoiceField(
        ["adapted", "default", "frozen", "plain", "dry_run", "fallback"]
    )
    version = serializers.CharField(help_text="The codebook version that decided.")
    breakpoints = serializers.DictField(child=serializers.IntegerField())
    cols = serializers.DictField(child=serializers.IntegerField())
    row_height = serializers.IntegerField()
    order = serializers.ListField(child=serializers.CharField())
    layouts = serializers.DictField(child=serializers.ListField(child=ItemOut()))
    elements = serializers.DictField(child=ElementOut())
    pins = serializers.ListField(child=serializers.CharField(), help_text="By the user.")
    undo = serializers.ChoiceField(
        ["wish", "visit", "nothing"],
        help_text="What `undo` would take back: the user's last wish of this visit, such as a "
        "pin; with none, what moved since the last visit; or nothing, and it changes nothing. "
        "It is refused with 409 where the user asked for something after `decision` was made.",
    )
    stability = StabilityOut()
    search = SearchOut()
    emphasis = EmphasisOut(
        allow_null=True,
        help_text="The block that is expected next, where the surface asks for it and it is sure "
        "enough; null otherwise.",
    )
    sizes = serializers.BooleanField(
        help_text="Whether sizes may change here, by `resize` too: the surface's owner says so."
    )
    put_away = serializers.BooleanField(
        help_text="Whether the surface lets people fold blocks and put them away."
    )
    folded = serializers.ListField(
        child=serializers.CharField(), help_text="Shown by their title alone, by the person."
    )
    tray = serializers.ListField(
        child=serializers.CharField(),
        help_text="Put away by the person: in `elements`, and in neither `order` nor `layouts`. "
        "The last one put away comes last.",
    )
    suggestion = SuggestionOut(
        allow_null=True,
        help_text="What the page may suggest to put away, after long disuse, once a block; null "
        "otherwise. `put_away` accepts it, `decline` refuses it for good.",
    )
    why = serializers.DictField(child=serializers.CharField())
    decision = serializers.CharField(help_text="Signed; events and feedback carry it.")
    whose = serializers.CharField(
        help_text="A hash of the user, so that a shared device keeps apart whose events wait. "
        "Empty for visitors, who may sign in, and without a subject."
    )
    variants = VariantOut(many=True, help_text="The best first; empty unless asked for.")
    links = serializers.DictField(child=serializers.CharField())


class BookAtOut(serializers.Serializer[Any]):
    """A breakpoint of a book. Its lists are in the order of `blocks`."""

    columns = serializers.IntegerField()
    sizes = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()), help_text="Width, height."
    )
    cells = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="Of each entry, x and y of the first block, then of the second.",
    )
    widths = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        required=False,
        help_text="Of each entry, where the page's blocks widen over gaps (`stretch`).",
    )


class BookOut(serializers.Serializer[Any]):
    """The layouts of a page; an entry's place in the lists is its byte, the first newcomers'."""

    surface = serializers.CharField()
    version = serializers.CharField()
    revision = serializers.IntegerField()
    day = serializers.IntegerField(help_text="Whole days since 1970.")
    blocks = serializers.ListField(child=serializers.CharField())
    at = serializers.DictField(child=BookAtOut(), help_text="By breakpoint.")
    orders = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="Of each entry, the places in `blocks`, in reading order.",
    )
    demand = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="Expected shares of the uses of an entry's people, in percent.",
    )
    why = serializers.ListField(
        child=serializers.ListField(child=serializers.ListField()),
        help_text="Of each entry its reasons: code, place in `blocks`, percent, people.",
    )
    page = serializers.DictField(help_text="Rules, sizes in px and seconds for a device.")
    device = serializers.DictField(
        help_text="What everybody used lately, and the weights by which a device chooses."
    )


class CountIn(serializers.Serializer[Any]):
    surface = serializers.CharField(max_length=100)
    blocks = serializers.ListField(
        child=serializers.CharField(max_length=100),
        min_length=1,
        max_length=MOST_EVENTS,
        help_text="Those that one visit used.",
    )


class TodayOut(serializers.Serializer[Any]):
    book = serializers.CharField(help_text="The last part of its address.")
    until = serializers.IntegerField(help_text="Seconds since 1970, when the next day begins.")


class TokenOut(serializers.Serializer[Any]):
    """A byte, or `served`."""

    byte = serializers.IntegerField(required=False, min_value=0, max_value=255)
    book = serializers.CharField(required=False)
    visit = serializers.CharField(help_text="Empty for nobody.")
    signature = serializers.CharField(required=False)
    served = serializers.ChoiceField(
        ["engine"],
        required=False,
        help_text="In place of a byte: `GET /api/layout` has this person's layout.",
    )
    until = serializers.IntegerField(help_text="Seconds since 1970, when the visit ends.")


class HeldOut(serializers.Serializer[Any]):
    """The rule that keeps a block from the rank that was asked for."""

    block = serializers.CharField()
    rank = serializers.IntegerField(help_text="Where it stands.")
    asked = serializers.IntegerField()
    rule = serializers.CharField(
        help_text="`group_order`, `pinned_stay` (the team keeps a block there), or the `status` of "
        "a layout that nobody arranges."
    )
    says = serializers.CharField(help_text="A sentence for the page, in the request's language.")


class FeedbackOut(LayoutOut):
    held = HeldOut(allow_null=True, help_text="Null where the wish was granted as asked.")


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
