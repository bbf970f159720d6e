"""The `--zone` of imports."""

from __future__ import annotations

from argparse import ArgumentTypeError
from difflib import get_close_matches

from uiengine.behaviour.days import zones

HELP = (
    "IANA name of the time zone in which days of these visits are cut, such as Europe/Berlin; "
    "the surface's own without it. Times stay what they are"
)


def zone_named(name: str) -> str:
    if name in zones():
        return name
    near = " or ".join(get_close_matches(name, sorted(zones()), n=3, cutoff=0.5))
    raise ArgumentTypeError(
        f"{name!r} is no time zone that this machine knows. "
        + (f"Did you mean {near}?" if near else "Use an IANA name, such as Europe/Berlin.")
    )
