"""Reads a table that says which users of files are subjects already: columns user and key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from difflib import SequenceMatcher
from pathlib import Path

from django.db.models import Q

from webapp.lib.batched import batched
from webapp.subjects.ended import accounts_read
from webapp.subjects.imports.services import PEOPLE_AT_ONCE, PREFIX, subjects_by_keys
from webapp.subjects.keys import ACCOUNT, UnusableKeyError, is_visitor, subject_key_checked
from webapp.subjects.models import Subject

ALIKE = 0.75
"""Likeness (0 to 1) to `django` from which a key's beginning is taken for a slip of it."""
SHOWN = 10


def keys_unmet(path: str, keyed: Collection[str]) -> ValueError:
    """The ml.data.DataError of a table that names nobody who is in the imported files."""
    from ml.data.errors import BadValue, DataError

    rule = "one user at least must occur in the imported files"
    return DataError([BadValue(Path(path).name, 0, "user", ", ".join(list(keyed)[:3]), rule)])


def keys_read(path: str, *, moves_events: bool = False) -> dict[str, str]:
    """Reads a table of `user` (a name in the file) and `key` (of a subject): keys by user.

    moves_events: a user of whom nothing but events was imported may be another subject from now on.
    Raises ml.data.DataError, which lists every bad row.
    """
    from ml.data.errors import BadValue, DataError
    from ml.data.tables import as_texts, read_table

    table, name = read_table(Path(path)), Path(path).name
    if lacking := {"user", "key"} - set(table.columns):
        have, rule = ", ".join(map(str, table.columns)), "columns user and key are needed"
        raise DataError([BadValue(name, 0, "columns", have, f"{rule}; missing: {min(lacking)}")])
    pairs = list(zip(as_texts(table["user"]), as_texts(table["key"]), strict=True))
    pks = [key.removeprefix(ACCOUNT) for _, key in pairs if key.startswith(ACCOUNT)]
    before = set(subjects_by_keys(PREFIX + user for user, _ in pairs))
    if moves_events:
        before = _with_more_than_events(before)
    problems, known = [], accounts_read(pks)
    seen: tuple[set[str], set[str]] = (set(), set())
    for number, (user, key) in enumerate(pairs, start=1):
        rules = {"user": _user_rule(user, seen[0], before), "key": _key_rule(key, seen[1], known)}
        seen[0].add(user)
        seen[1].add(key)
        values = {"user": user, "key": key}
        problems += [
            BadValue(name, number, f, values[f], rule) for f, rule in rules.items() if rule
        ]
    if problems:
        raise DataError(problems)
    return {user: subject_key_checked(key) for user, key in pairs}


def _with_more_than_events(keys: Collection[str]) -> set[str]:
    """The keys of subjects with attributes, or with visits that were imported as visits."""
    more = Q(attributes__isnull=False) | Q(
        profiles__isnull=False, profiles__imported_history__isnull=True
    )
    found: set[str] = set()
    for part in batched(keys, PEOPLE_AT_ONCE):
        found |= set(Subject.objects.filter(more, key__in=part).values_list("key", flat=True))
    return found


def _user_rule(user: str, seen: Collection[str], before: Collection[str]) -> str:
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


def _key_rule(key: str, seen: Collection[str], known: Collection[str]) -> str:
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
