"""Files of tools as documents and back: JSON, JSON lines, YAML, archives of these."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import yaml

from uiengine.dashboards import DashboardError

MOST_BYTES = 30_000_000
"""Bytes of a file, and of what an archive holds."""
MOST_VALUES = 2_000_000
"""Values of a document; YAML can name one many times over."""


class Tagged:
    """A value under a YAML tag of the tool's own, such as `!include`; it is kept as it is."""

    def __init__(self, node: yaml.Node) -> None:
        self.node = node

    def __str__(self) -> str:
        """What the file says, the same at every reading: it may name a block."""
        return str(yaml.serialize(self.node))


class _Loader(yaml.SafeLoader):
    """Reads dates as text, as JSON would have them."""


class _Dumper(yaml.SafeDumper):
    """Writes tags as they were, and dates that were read as text without quotes."""


_Loader.yaml_implicit_resolvers = _Dumper.yaml_implicit_resolvers = {
    first: [(tag, matches) for tag, matches in kept if tag != "tag:yaml.org,2002:timestamp"]
    for first, kept in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_multi_constructor("", lambda loader, suffix, node: Tagged(node))
_Dumper.add_representer(Tagged, lambda dumper, tagged: tagged.node)


def read(content: bytes, name: str = "") -> Any:
    """The document of a file: a list for JSON lines, an object of file names for an archive.

    Raises DashboardError, also for a file that would take too much memory.
    """
    if len(content) > MOST_BYTES:
        says = f"has {len(content)} bytes, over {MOST_BYTES}"
        raise DashboardError("file", name, says, "Export one page alone.")
    if not content.strip():
        raise DashboardError(
            "file", name, "is empty", "Export the dashboard again, and look at what was written."
        )
    if content.startswith(b"PK"):
        document: Any = dict(_archive(content, name))
    else:
        document = _text(_decoded(content, name), name)
    _refuse_vast(document, name)
    return document


def write(content: bytes, before: Any, after: Any) -> bytes:
    """The file with another document, in the form of the original; the original if none
    changed."""
    if after is before:
        return content
    if content.startswith(b"PK"):
        return _archive_with(content, before, after)
    return _written(content, before, after)


def _decoded(content: bytes, name: str) -> str:
    try:
        return content.decode(
            "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        )
    except UnicodeDecodeError as error:
        raise DashboardError(
            "file", name, f"is no text: {error.reason}", "Save it as UTF-8."
        ) from error


def _text(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        lines = _json_lines(text)
        if lines is not None:
            return lines
        if text.lstrip()[:1] in ("{", "[") and not _is_flow_yaml(text):
            raise DashboardError(
                "file", name, f"is no valid JSON: {error}", "Export it again."
            ) from error
    return _yaml(text, name)


def _is_flow_yaml(text: str) -> bool:
    return not re.search(r'^\s*[{\[]\s*["{\[\]}]', text)


def _json_lines(text: str) -> list[Any] | None:
    """A value a line, or None."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or not lines[0].lstrip().startswith("{"):
        return None
    try:
        return [json.loads(line) for line in lines]
    except (ValueError, RecursionError):
        return None


def _yaml(text: str, name: str) -> Any:
    try:
        documents = list(yaml.load_all(text, Loader=_Loader))
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, AttributeError) as error:
        says = " ".join(str(error).split())[:200]
        raise DashboardError(
            "file", name, f"is neither JSON nor YAML: {says}", "Export it again."
        ) from error
    return documents[0] if len(documents) == 1 else documents


def _archive(content: bytes, name: str) -> Iterator[tuple[str, Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(info.file_size for info in archive.infolist()) > MOST_BYTES:
                says = f"holds more than {MOST_BYTES} bytes"
                raise DashboardError("file", name, says, "Export one page alone.")
            for info in archive.infolist():
                if info.filename.endswith((".yaml", ".yml", ".json", ".ndjson")):
                    yield info.filename, read(archive.read(info), info.filename)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise DashboardError("file", name, f"is no archive: {error}", "Export it again.") from error


def _archive_with(content: bytes, before: Any, after: Any) -> bytes:
    """The archive with the members written anew whose documents changed."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        for info in old.infolist():
            kept = old.read(info)
            if info.filename in before and after[info.filename] is not before[info.filename]:
                kept = write(kept, before[info.filename], after[info.filename])
            new.writestr(info, kept)
    return made.getvalue()


def _written(content: bytes, before: Any, after: Any) -> bytes:
    text = _decoded(content, "")
    end = "\n" if text.endswith("\n") else ""
    if isinstance(after, list) and _json_lines(text) is not None and not _is_json(text):
        lines = iter(_lines(text, before, after))
        return "".join(
            next(lines) if raw.strip() else raw for raw in text.splitlines(keepends=True)
        ).encode()
    if _is_json(text):
        return (json.dumps(after, ensure_ascii=False, **_style(text)) + end).encode()
    documents = after if isinstance(after, list) and re.search(r"^---", text, re.M) else [after]
    return yaml.dump_all(
        documents, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=4096
    ).encode()


def _lines(text: str, before: list[Any], after: list[Any]) -> Iterator[str]:
    """Each line as it was, or written anew where its value changed."""
    raws = [raw for raw in text.splitlines(keepends=True) if raw.strip()]
    for raw, old, new in zip(raws, before, after, strict=True):
        end = raw[len(raw.rstrip("\r\n")) :]
        yield raw if old is new else json.dumps(new, ensure_ascii=False, **_style(raw)) + end


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _style(text: str) -> dict[str, Any]:
    """Indentation and separators as in the text."""
    found = re.search(r"^[{\[]\r?\n([ \t]+)", text.lstrip())
    if found:
        return {"indent": found[1]}
    is_tight = re.search(r'^.{0,200}?":\S', text, re.S) is not None
    return {"separators": (",", ":")} if is_tight else {}


def _refuse_vast(document: Any, name: str) -> None:
    waiting, count = [document], 0
    while waiting:
        value = waiting.pop()
        count += 1
        if count > MOST_VALUES:
            raise DashboardError(
                "file", name, f"holds more than {MOST_VALUES} values", "Export one page alone."
            )
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
