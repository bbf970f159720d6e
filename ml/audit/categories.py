"""Attribute values as categories: one spelling each, one unknown slice, rare values as one.

An attribute with more values than can be compared, such as an income in euros, is no category: it
is refused with the way to bin it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ml.data.errors import BadValue, DataError
from ml.evaluation.statistics import LEAST_SHOWN

UNKNOWN = "unknown"
"""Slice of people who gave no value for the attribute."""
NO_VALUE = frozenset(
    {"", "-", "--", "?", "na", "n/a", "n.a.", "<na>", "nan", "nat", "null", "none", UNKNOWN}
)
"""What files and databases write instead of a value, in lower case."""
NO_ATTRIBUTE = "attributes"
"""Placeholder attribute where none can be compared: everybody is in the slice UNKNOWN."""
AS_WRITTEN = " as written"
"""Behind an attribute's name: the column of the texts from which its values were made."""
MOST_VALUES, FEW_VALUES = 50, 20
"""Values of an attribute that are compared, beyond which those of few people are one slice; and
from how many on there must be two people a value."""


@dataclass(frozen=True)
class Spellings:
    """How an attribute's values are written.

    of: the value that each text stands for; alike: per value, the other texts, with their people;
    unknown: the texts that stand for no value, with their people.
    """

    of: Mapping[str, str]
    alike: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unknown: Mapping[str, int] = field(default_factory=dict)


def spellings(texts: Iterable[str]) -> Spellings:
    """Takes texts that differ in case and blanks alone as one value, in its commonest spelling.

    Texts of NO_VALUE are UNKNOWN. Of two spellings as common, the first of the alphabet counts.
    """
    counts = Counter(texts)
    groups: dict[str, Counter[str]] = {}
    for text, people in counts.items():
        groups.setdefault(_bare(text), Counter())[text] += people
    of: dict[str, str] = {}
    alike: dict[str, Mapping[str, int]] = {}
    unknown: dict[str, int] = {}
    for bare, members in groups.items():
        if bare in NO_VALUE:
            of |= dict.fromkeys(members, UNKNOWN)
            unknown |= members
            continue
        common = sorted(members, key=lambda text: (-members[text], text))[0]
        value = " ".join(common.split())
        of |= dict.fromkeys(members, value)
        if others := {text: n for text, n in members.items() if text != value}:
            alike[value] = others
    return Spellings(of, alike, unknown)


def rare_values(people: Mapping[str, int]) -> set[str]:
    """Returns the values to take as one slice, if there are too many; else none.

    people: how many have each known value.
    """
    if len(people) <= MOST_VALUES:
        return set()
    return {value for value, count in people.items() if count < LEAST_SHOWN}


def no_category(attribute: str, surface: str, people: Mapping[str, int]) -> str:
    """Says why the attribute cannot be compared and how to bin it; empty where it can be.

    people: how many have each known value.
    """
    left, everybody = len(people) - len(rare_values(people)), sum(people.values())
    is_shared = len(people) <= FEW_VALUES or 2 * len(people) <= everybody
    if (len(people) <= MOST_VALUES and is_shared) or 2 <= left < min(len(people), MOST_VALUES):
        return ""
    return (
        f"is no category: {len(people):,} different values among {everybody:,} people on "
        f"{surface}, and at most {MOST_VALUES} are compared. Bin it into a new attribute and "
        "compare by that, numbers for example into four bands of as many people each: "
        f"people['{attribute}_band'] = pandas.qcut(people['{attribute}'].astype(float), 4)"
        ".astype(str)"
    )


def compared(
    people: Iterable[Mapping[str, str]], by: Sequence[str]
) -> tuple[list[dict[str, str]], list[str]]:
    """Returns the people with one value per attribute, and the attributes that are categories."""
    found = [dict(person) for person in people]
    for name in by:
        of = spellings(person.get(name, "") for person in found).of
        for person in found:
            person[name] = of[person.get(name, "")]
    counts = {name: _without(Counter(person[name] for person in found)) for name in by}
    return found, [name for name in by if not no_category(name, "", counts[name])]


def categorised(
    users: pd.DataFrame, by: Sequence[str], *, is_chosen: bool
) -> tuple[pd.DataFrame, list[dict[str, Any]], list[dict[str, str]]]:
    """Takes rare values as one, and describes each attribute.

    users: with values and texts, as `ml.audit.slices.attach_attributes` returns them.
    is_chosen: somebody asked for these attributes by name. Returns the people, what is known of
    each attribute on each surface, and the attributes left out because they are no category.
    Raises DataError for those if `is_chosen`.
    """
    known, left_out = list[dict[str, Any]](), list[dict[str, str]]()
    for name in dict.fromkeys(by):
        texts, values = users[name + AS_WRITTEN], users[name]
        written = spellings(texts)
        pages = [(str(s), rows.index) for s, rows in users.groupby("surface", sort=True)]
        counts = {s: Counter(values[index]) for s, index in pages}
        whys = [no_category(name, s, _without(n)) for s, n in counts.items()]
        if why := next(filter(None, whys), ""):
            left_out.append({"attribute": name, "why": why})
            continue
        for surface, index in pages:
            rare = rare_values(_without(counts[surface]))
            if rare:
                here = values[index]
                values = values.mask(values.index.isin(here.index[here.isin(rare)]), _rare(rare))
            known.append(_known(surface, name, Counter(texts[index]), written, len(rare)))
        users = users.assign(**{name: values})
    if left_out and is_chosen:
        bad = [BadValue("--by", 0, "attribute", one["attribute"], one["why"]) for one in left_out]
        raise DataError(bad)
    return users, known, left_out


def _rare(values: Collection[str]) -> str:
    return f"{len(values)} rare values"


def _without(counts: Mapping[str, int]) -> dict[str, int]:
    return {value: people for value, people in counts.items() if value != UNKNOWN}


def _known(
    surface: str, attribute: str, texts: Mapping[str, int], written: Spellings, rare: int
) -> dict[str, Any]:
    """Says how many people have a value, and how values and their lack are written."""
    here = {text: n for text, n in texts.items() if written.of[text] == UNKNOWN}
    alike = {
        value: [text for text in sorted(others) if text in texts]
        for value, others in sorted(written.alike.items())
    }
    return {
        "surface": surface,
        "attribute": attribute,
        "users": sum(texts.values()),
        "unknown": sum(here.values()),
        "unknown_written": dict(sorted(here.items())),
        "written_alike": {value: others for value, others in alike.items() if others},
        "rare_values": rare,
    }


def _bare(text: str) -> str:
    return " ".join(text.split()).casefold()
