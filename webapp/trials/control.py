"""Who keeps the default layout, so that there is something to compare with."""

from __future__ import annotations

import hashlib


def is_control(key: str, slug: str, percent: int) -> bool:
    """Sticky: the same subject on the same surface is always answered alike, in every process.

    Raising the percentage adds subjects and takes none away.
    """
    digest = hashlib.sha256(f"control\n{slug}\n{key}".encode()).digest()
    return int.from_bytes(digest[:8]) < percent * 2**64 // 100
