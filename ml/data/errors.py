"""The error that every reader of files raises: a list of all bad values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SHOWN_PROBLEMS = 20
"""Number of bad values that the message lists; `DataError.problems` has all of them."""
SHOWN_LETTERS = 200
"""Of a value, the letters that the message shows: a file in another format may be one value."""


@dataclass(frozen=True, slots=True)
class BadValue:
    """One refused value. row is the 1-based data row, or 0 for the file as a whole."""

    file: str
    row: int
    field: str
    value: str
    rule: str

    def __str__(self) -> str:
        where = f"{self.file}, row {self.row}" if self.row else self.file
        more = "…" if len(self.value) > SHOWN_LETTERS else ""
        return f"{where}: {self.field} = {self.value[:SHOWN_LETTERS]!r}{more}; {self.rule}"


class DataError(ValueError):
    """A file or some of its rows break a rule.

    can_skip: whether what is bad would be left out if the caller were not strict.
    """

    def __init__(self, problems: Sequence[BadValue], *, can_skip: bool = False) -> None:
        self.problems, self.can_skip = tuple(problems), can_skip
        shown = [str(p) for p in self.problems[:SHOWN_PROBLEMS]]
        if len(self.problems) > SHOWN_PROBLEMS:
            shown.append(f"… and {len(self.problems) - SHOWN_PROBLEMS} more")
        what = "these rows" if all(p.row for p in self.problems) else "this"
        head = f"{len(self.problems)} bad value(s). Correct {what}:"
        super().__init__("\n".join([head, *shown]))
