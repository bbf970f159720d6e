"""The file format of a bundle: a ZIP whose manifest names the hash of each file, and is signed.

    manifest.json   {"format": …, "key": public key, "files": {name: {"sha256": …, "bytes": …}}, …}
    manifest.sig    Ed25519 signature over the bytes of manifest.json, in base64

Equal files, facts and key give equal bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FORMAT = "uiengine-evidence/1"
MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*(/[a-z0-9_-]+(\.[a-z0-9_-]+)*)?")
"""A file's name, with at most one folder."""
MOST_BYTES = 512 * 1024 * 1024
"""Largest content of all files that is read."""
Files = Mapping[str, bytes]


class BundleError(Exception):
    """The file is no bundle; the text says why, and what to do."""


def signing_key(secret: str) -> Ed25519PrivateKey:
    """The site's key, which follows from its SECRET_KEY."""
    derived = HKDF(SHA256(), 32, None, b"uiengine evidence").derive(secret.encode())
    return Ed25519PrivateKey.from_private_bytes(derived)


def fingerprint(public: bytes) -> str:
    """The first half of the SHA-256 of a public key, by which people compare keys."""
    return hashlib.sha256(public).hexdigest()[:32]


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def bundle_write(files: Files, facts: Mapping[str, Any], key: Ed25519PrivateKey) -> bytes:
    """Returns the ZIP. facts: of the manifest, besides format, key and files."""
    listed = {n: {"sha256": sha256(c), "bytes": len(c)} for n, c in sorted(files.items())}
    public = base64.b64encode(public_bytes(key)).decode()
    manifest = {"format": FORMAT, **facts, "key": public, "files": listed}
    text = json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True).encode()
    signature = base64.b64encode(key.sign(text))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [(MANIFEST, text), (SIGNATURE, signature), *sorted(files.items())]:
            entry = zipfile.ZipInfo(name)  # its time is 1980, so that bytes do not depend on now
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return packed.getvalue()


def bundle_read(path: Path) -> dict[str, bytes]:
    """Returns all files by name, the manifest among them. Nothing is checked but the format.

    Raises BundleError.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > MOST_BYTES:
                raise BundleError(f"{path.name}: is larger than {MOST_BYTES} bytes unpacked.")
            strange = [e.filename for e in entries if not NAME.fullmatch(e.filename)]
            if strange:
                raise BundleError(f"{path.name}: no bundle has a file named {strange[0]!r}.")
            if len({e.filename for e in entries}) < len(entries):
                raise BundleError(f"{path.name}: has two files of one name.")
            files = {entry.filename: archive.read(entry) for entry in entries}
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        raise BundleError(f"{path}: cannot be read as a ZIP ({error}). Get it again.") from error
    if missing := [name for name in (MANIFEST, SIGNATURE) if name not in files]:
        raise BundleError(f"{path.name}: has no {missing[0]}; manage.py evidence writes bundles.")
    return files


def manifest_of(files: Files) -> dict[str, Any]:
    """The manifest. Raises BundleError if it is not one of this format."""
    try:
        found = json.loads(files[MANIFEST])
        if found["format"] != FORMAT:
            raise BundleError(f"format: {found['format']!r} is unknown; this reads {FORMAT!r}.")
        dict(found["files"]), str(found["key"])
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{MANIFEST}: is damaged ({error!r}). Get the file again.") from error
    return dict(found)


def seal_problems(files: Files, known_key: str = "") -> list[str]:
    """Says where signature, key or hashes do not fit; empty if nothing was changed since signing.

    known_key: the fingerprint that the site gave by another way; empty: any key is taken.
    """
    manifest = manifest_of(files)
    problems = [*_signature_problems(files, str(manifest["key"]), known_key)]
    listed = manifest["files"]
    there = set(files) - {MANIFEST, SIGNATURE}
    problems += [f"{name}: is missing" for name in sorted(set(listed) - there)]
    problems += [f"{name}: was added" for name in sorted(there - set(listed))]
    return problems + [
        f"{name}: was changed"
        for name in sorted(there & set(listed))
        if listed[name].get("sha256") != sha256(files[name])
    ]


def _signature_problems(files: Files, key: str, known_key: str) -> list[str]:
    try:
        public = base64.b64decode(key, validate=True)
        signed = base64.b64decode(files[SIGNATURE], validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(signed, files[MANIFEST])
    except (InvalidSignature, binascii.Error, ValueError):
        return [f"{SIGNATURE}: does not fit {MANIFEST} and its key"]
    if known_key and fingerprint(public) != known_key.lower():
        return [f"key: {fingerprint(public)} signed it, not {known_key}"]
    return []


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
