"""Fixtures: audit reports as an audit stores them."""

from __future__ import annotations

import pytest

from webapp.audits.models import AuditReport
from webapp.codebooks.models import CodebookVersion
from webapp.surfaces.models import Surface


def row(verdict: str, value: str = "Y", estimate: float = 0.05, users: int = 140) -> dict:
    return {
        "surface": "shop",
        "slice": {"disability": value},
        "metric": "seconds",
        "unit": "share of the default's seconds",
        "users": users,
        "estimate": estimate,
        "interval": [estimate - 0.01, estimate + 0.01],
        "tolerance": 0.02,
        "verdict": verdict,
        "reason": "interval too wide" if verdict == "inconclusive" else "",
        "direction": "worse" if estimate > 0 else "better",
    }


@pytest.fixture
def shop(db) -> Surface:
    return Surface.objects.create(slug="shop", title="The shop", definition={"blocks": []})


@pytest.fixture
def report_make(shop):
    def make(verdict: str, *rows: dict) -> AuditReport:
        count = CodebookVersion.objects.count()
        version = CodebookVersion.objects.create(name=f"shop-{count}", folder="none")
        found = {"verdict": verdict, "slices": list(rows)}
        return AuditReport.objects.create(
            surface=shop, version=version, verdict=verdict, report=found, html="<h1>As it is</h1>"
        )

    return make
