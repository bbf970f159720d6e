"""Tells other apps that a surface was added or edited by a person or an import."""

from __future__ import annotations

from django.dispatch import Signal

surface_defined = Signal()
"""Sent inside the transaction that saves it, with `surface`."""
