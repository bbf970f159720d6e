"""Assigns subjects to the control group, who keep the default layout."""

from __future__ import annotations

import hashlib


def is_control(key: str, slug: str, percent: int) -> bool:
    """Says whether a subject is in the control group of a surface.

    A hash decides, so the answer is stable over time and processes. Raising the percentage adds
    subjects and removes none.
    """
    digest = hashlib.sha256(f"control\n{slug}\n{key}".encode()).digest()
    return int.from_bytes(digest[:8]) < percent * 2**64 // 100
