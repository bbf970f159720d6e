"""Planted disparities under the real engine, in small; `make evidence` runs 4,000 people."""

from __future__ import annotations

import pytest

from tests.evidence.planted import found, planted_audit


@pytest.mark.parametrize("case", ["misfit", "cold", "explores"])
def test_a_planted_disparity_is_found_and_named(case, tmp_path):
    report = planted_audit(case, users=260, visits=4, share=0.4, out=tmp_path)

    line = found(report, case)
    assert (line["verdict"], line["is_named"], line["only_they"]) == ("exceeds", True, True)
    assert "group planted on page" in (tmp_path / "report.html").read_text()
    if case == "misfit":
        assert line["distortion"]["interval"][0] > 0
    if case == "cold":
        assert line["tokens"]["interval"][1] < 0
