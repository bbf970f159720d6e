"""Answers of the API about books and bytes, for the schema."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


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
