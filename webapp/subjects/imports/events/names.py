"""Names of people in files, and the keys of the subjects that they are."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.subjects.imports.subject_rows import PREFIX

LIVE = "\x1f"
"""Begins the name of somebody who is no file's: no id in a file holds a control character."""


def keys_of(people: Iterable[str]) -> dict[str, str]:
    """The subjects' keys by the people's names in the files."""
    return {person: key_of(person) for person in people}


def key_of(person: str) -> str:
    """The subject's key of a person of the files."""
    return person[1:] if person.startswith(LIVE) else PREFIX + person


def person_of(key: str) -> str:
    """The name, among the files' people, of the subject with this key."""
    return key.removeprefix(PREFIX) if key.startswith(PREFIX) else LIVE + key
