"""Answers of the API that hold a layout, for the schema."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


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
