"""How long work says how far it is: the finished share (0 to 1), and the step it is at."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]
