"""Loads a version folder, checks it against its manifest, and opens its networks in ONNX Runtime.

No other module imports onnxruntime. `manifest.json` lists every file with its SHA-256; a folder
that differs from its manifest is refused as a whole.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from uiengine.errors import VersionError
from uiengine.model import served_order, student
from uiengine.model.codebook import Codebook
from uiengine.model.finite import FiniteGraph
from uiengine.model.layout_codec import FILES, LayoutCodec
from uiengine.model.probe import probe
from uiengine.model.version import CodebookVersion

FORMAT = 2
"""Format of `manifest.json`; raised if an older engine could not read a newer version."""
_REBUILD = "Train or copy the version again; the one that serves keeps serving."


def load_version(folder: Path | str, *, threads: int = 1) -> CodebookVersion:
    """Loads the version in a folder, and decodes a few made-up subjects with it.

    Raises VersionError if a file differs from `manifest.json`, or a number is NaN or infinite.
    """
    path = Path(folder)
    manifest = _manifest(path)
    files = {name: _checked(path, name, digest) for name, digest in manifest["files"].items()}
    _refuse_unknown(path, files)
    try:
        kinds = {kind: i + 1 for i, kind in enumerate(manifest["kinds"])}
        version = CodebookVersion(
            id=manifest["id"],
            surfaces=tuple(manifest["surfaces"]),
            default_orders={s: tuple(o) for s, o in manifest["default_orders"].items()},
            priors=manifest["priors"],
            kinds=kinds,
            codebook=_codebook(files["codes.npy"], manifest["codebook"]),
            card=json.loads(files["card.json"]),
            _encoder=_session(files["encoder.onnx"], threads),
            _decoder=_session(files[manifest["decoder"]], threads),
            layouts=_layouts(path, manifest, threads),
            served=_served(files),
            students=_students(files),
            own_visits=_own_visits(manifest.get("own_visits", {})),
        )
        probe(version)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        problem = f"does not hold what an engine needs: {error}"
        raise VersionError("version", str(path), problem, _REBUILD) from error
    return version


def _own_visits(found: Mapping[str, Any]) -> dict[str, float]:
    """Versions of before have none. Raises ValueError for what is no weight."""
    weights = {slug: float(weight) for slug, weight in found.items()}
    if not all(0 < weight < math.inf for weight in weights.values()):
        raise ValueError(f"own_visits holds no positive number of visits: {weights}")
    return weights


def _served(files: Mapping[str, bytes]) -> dict[str, tuple[served_order.ServedOrder, ...]]:
    content = files.get(served_order.FILE)
    return served_order.from_json(content) if content is not None else {}


def _students(files: Mapping[str, bytes]) -> dict[str, student.Student]:
    """Versions of before have none."""
    content = files.get(student.FILE)
    return student.from_json(content) if content is not None else {}


def _layouts(path: Path, manifest: Mapping[str, Any], threads: int) -> LayoutCodec | None:
    """Returns None if the version has no layout part."""
    facts, digests = manifest.get("layouts"), manifest["files"]
    if facts is None:
        return None
    if missing := [name for name in FILES if name not in digests]:
        raise ValueError(f"its layout part lacks {missing[0]}")
    return LayoutCodec(
        {kind: i + 1 for i, kind in enumerate(facts["kinds"])},
        tuple(int(n) for n in facts["slots"]),
        lambda name: _checked(path, name, digests[name]),
        lambda content: _session(content, threads),
    )


def _manifest(path: Path) -> dict[str, Any]:
    try:
        content = (path / "manifest.json").read_bytes()
        manifest: Any = json.loads(content, parse_constant=_refuse_constant)
    except (OSError, ValueError) as error:
        problem = f"manifest.json cannot be read: {error}"
        raise VersionError("version", str(path), problem, _REBUILD) from error
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT:
        problem = f"manifest.json has format {found!r}, this engine reads {FORMAT}"
        raise VersionError("format", str(path), problem, _REBUILD)
    if not isinstance(manifest.get("files"), dict):
        raise VersionError("files", str(path), "manifest.json lists no files", _REBUILD)
    return dict(manifest)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _checked(path: Path, name: str, digest: str) -> bytes:
    if Path(name).name != name:
        raise VersionError("file", name, "must be a plain name inside the folder", _REBUILD)
    try:
        content = (path / name).read_bytes()
    except OSError as error:
        raise VersionError("file", name, f"cannot be read: {error}", _REBUILD) from error
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        problem = f"has SHA-256 {found}, manifest.json says {digest}"
        raise VersionError("file", name, problem, _REBUILD)
    return content


def _refuse_unknown(path: Path, files: Mapping[str, bytes]) -> None:
    strangers = {p.name for p in path.iterdir()} - {*files, "manifest.json"}
    if strangers:
        problem = "is not listed in manifest.json"
        raise VersionError("file", sorted(strangers)[0], problem, _REBUILD)


def _codebook(content: bytes, facts: Mapping[str, Any]) -> Codebook:
    codes = np.load(io.BytesIO(content), allow_pickle=False)
    if not np.isfinite(codes).all():
        raise ValueError("codes.npy holds a number that is not finite")
    return Codebook(
        codes,
        tuple(int(n) for n in facts["slots"]),
        float(facts["variance"]),
        float(facts["seconds_per_error"]),
        float(facts["seconds_per_bit"]),
    )


def _session(content: bytes, threads: int) -> FiniteGraph:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        graph = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has an exception class for each kind of damage
        raise ValueError(f"a network cannot be loaded: {error}") from error
    return FiniteGraph(graph)
