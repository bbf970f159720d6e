"""The signal that a person or an import added or edited a surface."""

from __future__ import annotations

from django.dispatch import Signal

surface_defined = Signal()
"""Sent inside the saving transaction, with `surface`."""
