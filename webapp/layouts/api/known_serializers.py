"""Serializers of what a page knows of a person, and of how they correct it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from webapp.layouts.serializers import choice_field


class ClaimOut(serializers.Serializer[Any]):
    """What a page holds true of the caller, and can be struck out by `about` and `block`."""

    about = serializers.ChoiceField(
        ["use", "expected"], help_text="What was used here, or what others' use makes likely."
    )
    block = serializers.CharField()
    title = serializers.CharField()
    says = serializers.CharField(help_text="In the request's language.")
    last_used = serializers.DateField(allow_null=True)
    uses = serializers.IntegerField(required=False, help_text="Visits that used it.")
    visits = serializers.IntegerField(required=False, help_text="All visits that count.")
    percent = serializers.IntegerField(
        required=False,
        help_text="Of what the next visit uses, how much is expected to be it.",
    )


class SureOut(serializers.Serializer[Any]):
    visits = serializers.IntegerField()
    own_percent = serializers.IntegerField(
        help_text="How far what is expected rests on the caller's own visits."
    )
    says = serializers.CharField()


class StruckOut(serializers.Serializer[Any]):
    about = serializers.ChoiceField(["use", "expected"])
    block = serializers.CharField()
    title = serializers.CharField()
    says = serializers.CharField()


class ForgottenOut(serializers.Serializer[Any]):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()


class ThisVisitOut(serializers.Serializer[Any]):
    learns = serializers.BooleanField(help_text="False after `quiet`, until the visit ends.")


class KnownOut(serializers.Serializer[Any]):
    surface = serializers.CharField()
    arranged = serializers.ChoiceField(["adapted", "plain", "frozen", "default"])
    claims = ClaimOut(many=True)
    sure = SureOut(allow_null=True)
    struck = StruckOut(many=True, help_text="What the caller struck out and may bring back.")
    forgotten = ForgottenOut(many=True, help_text="Times of which nothing is learned any more.")
    wishes = serializers.ListField(child=serializers.CharField())
    visit = ThisVisitOut()


class CorrectionIn(serializers.Serializer[Any]):
    act = choice_field(
        ["strike", "restore", "quiet", "learn", "forget_week"],
        help_text="strike a claim out, restore it (use is learned from now on); quiet: nothing is "
        "learned from this visit, learn: it is after all; forget_week: all of the last 7 days.",
    )
    about = choice_field(["use", "expected"], required=False)
    block = serializers.CharField(
        max_length=100, required=False, help_text="With `about`, for strike and restore."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["act"] in ("strike", "restore"):
            missing = [name for name in ("about", "block") if name not in attrs]
            if missing:
                said = f"{attrs['act']} needs `about` and `block`."
                raise serializers.ValidationError({missing[0]: [said]})
        return attrs
