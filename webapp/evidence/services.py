"""Makes the bundle of a version on a surface, signed by this site."""

from __future__ import annotations

import json
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from webapp.codebooks.models import CodebookVersion
from webapp.evidence.bundle import bundle_write, signing_key
from webapp.evidence.contents import contents, facts
from webapp.lib.times import utc_now
from webapp.surfaces.models import Surface


@dataclass(frozen=True)
class Made:
    """content: the ZIP; fields: how many the standard offers; empty: those that say nothing;
    judged_on: the digest of the visits that the version was judged on, if it was written down."""

    content: bytes
    fields: int
    empty: tuple[str, ...]
    judged_on: str | None


def bundle_make(version: CodebookVersion, surface: Surface) -> Made:
    """Raises VersionError if the stored version is damaged."""
    now = utc_now()
    files = contents(version, surface, now)
    fields = json.loads(files["standard_fields.json"])
    content = bundle_write(files, facts(version, surface, now), site_key())
    empty = tuple(name for name, is_filled in fields.items() if not is_filled)
    judged_on = json.loads(files["data.json"])["judged_on"].get("sha256")
    return Made(content, len(fields), empty, judged_on)


def site_key() -> Ed25519PrivateKey:
    return signing_key(settings.SECRET_KEY)
