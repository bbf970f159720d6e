"""Rules of a table that says which users of files are subjects already: columns user and key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import SequenceMatcher

from django.db.models import Q

from webapp.lib.batched import batched
from webapp.subjects.imports.subject_rows import PEOPLE_AT_ONCE, PREFIX, subjects_by_keys
from webapp.subjects.keys import ACCOUNT, UnusableKeyError, is_visitor, subject_key_checked
from webapp.subjects.models import Subject

ALIKE = 0.75
"""Likeness (0 to 1) to `django` from which a key's beginning is taken for a slip of it."""
SHOWN = 10


def with_more_than_events(keys: Collection[str]) -> set[str]:
    """The keys of subjects with attributes, or with visits that were imported as visits."""
    more = Q(attributes__isnull=False) | Q(
        profiles__isnull=False, profiles__imported_history__isnull=True
    )
    found: set[str] = set()
    for part in batched(keys, PEOPLE_AT_ONCE):
        found |= set(Subject.objects.filter(more, key__in=part).values_list("key", flat=True))
    return found


def user_rule(user: str, seen: Collection[str], before: Collection[str]) -> str:
    """The rule that a user of the table breaks, or empty."""
    if not user.strip():
        return "must not be empty"
    if user in seen:
        return "must occur once"
    return (
        f"was imported as {PREFIX}{user} already: erase that first"
        if PREFIX + user in before
        else ""
    )


def keys_new(table: Mapping[str, str]) -> list[str]:
    """Keys of a table that no subject has yet, so that somebody sees one that was mistyped."""
    known = subjects_by_keys(table.values())
    accounts = [key for key in table.values() if key.startswith(ACCOUNT)]
    new = sorted(set(table.values()) - known.keys() - set(accounts))
    more = [f"and {len(new) - SHOWN} more"] if len(new) > SHOWN else []
    return [*new[:SHOWN], *more]


def new_keys_said(keys: Iterable[str]) -> str:
    """One line for the terminal."""
    return f"Keys that nobody had before, subjects from now on: {', '.join(keys)}. Mistyped?"


def key_rule(key: str, seen: Collection[str], known: Collection[str]) -> str:
    """The rule that a key of the table breaks, or empty. known: primary keys of accounts."""
    try:
        subject_key_checked(key)
    except UnusableKeyError as error:
        return str(error)
    if key in seen:
        return "must occur once: visits of two users cannot be told apart afterwards"
    if is_visitor(key):
        return "must not be a visitor's, who consented to no import"
    if _is_slip(key) and not subjects_by_keys([key]):
        return f"looks like a slip of {ACCOUNT}<primary key>, and nobody has this key: correct it"
    is_gone = key.startswith(ACCOUNT) and key.removeprefix(ACCOUNT) not in known
    return "must be an account's: there is none with this primary key" if is_gone else ""


def _is_slip(key: str) -> bool:
    """Whether a key begins nearly as an account's does: `jango:5`, `Django:5`, `django5`."""
    begin = key.split(":")[0].casefold().rstrip("0123456789-_ .")
    likeness = SequenceMatcher(None, begin, ACCOUNT.rstrip(":")).ratio()
    return not key.startswith(ACCOUNT) and likeness >= ALIKE
