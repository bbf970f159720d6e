"""Size, types and translations of the browser client's files."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

import pytest
from django.utils import translation

from tests.evidence import grid_libraries
from webapp.layouts.html import element

FOLDER = Path(element.__file__).parents[1] / "static/uiengine"
SCRIPT = (FOLDER / "adaptive-layout.js").read_text()


def test_client_is_at_most_9_kb_gzipped() -> None:
    assert len(gzip.compress(SCRIPT.encode())) <= 9000


def test_client_has_no_dependencies() -> None:
    assert not re.search(r"^\s*import\b|\bimport\(", SCRIPT, re.MULTILINE)


def test_everything_exported_has_types() -> None:
    for script in FOLDER.glob("adaptive-*.js"):
        types = script.with_suffix(".d.ts").read_text()
        exported = re.findall(r"^export (?:class|function) (\w+)", script.read_text(), re.MULTILINE)
        assert exported
        for name in exported:
            assert re.search(rf"^export (?:class|function) {name}\b", types, re.MULTILINE), name


def test_the_server_translates_every_word_of_the_client() -> None:
    words = SCRIPT.split("const ENGLISH = {")[1].split("};")[0]
    english = dict(re.findall(r"(\w+): '([^']*)'", words))
    with translation.override("en"):
        assert element._strings() == english


def test_the_types_fit_a_program_that_uses_all_of_them() -> None:
    """tsc compiles webapp/examples/types.ts, which also marks what must not compile."""
    absent = grid_libraries.missing()
    if absent and not os.environ.get("CI"):
        pytest.skip(f"{absent} not found: the types were not compiled")
    grid_libraries.install()
    assert grid_libraries.run_script("types") == ""
