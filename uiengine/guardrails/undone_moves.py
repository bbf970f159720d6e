"""A move or a new size that the user undid is not proposed again for 28 days."""

from collections.abc import Iterator

from uiengine.guardrails.case import Case
from uiengine.page.layout import moved_blocks

SENTENCE = "A move or a new size that the user undid is not proposed again for 28 days."


def broken(case: Case) -> Iterator[str]:
    if case.by_user:
        return
    moved = set(moved_blocks(case.before, case.layout.order))
    for undone in case.feedback.undone:
        is_back = case.layout.ranks.get(undone.block) == undone.rank
        if undone.block in moved and is_back and undone.until_day > case.day:
            yield f"{undone.block} to rank {undone.rank}"
    for block_id in case.resized():
        if case.feedback.kept_sizes.get(block_id, 0) > case.day:
            yield f"{block_id} to another size"
