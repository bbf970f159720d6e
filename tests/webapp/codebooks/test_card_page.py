"""The page of a version's card shows every known part, and marks the others as unknown."""

from __future__ import annotations

import json

import pytest
from django.utils import translation

from webapp.audits.models import AuditReport
from webapp.codebooks.admin.card_page import card_page, curve_svg
from webapp.codebooks.gate.promotion import INNATE_FOLDER
from webapp.codebooks.models import CodebookVersion

pytestmark = pytest.mark.django_db
CARD = json.loads((INNATE_FOLDER / "card.json").read_text())


@pytest.fixture
def made(course) -> CodebookVersion:
    card = {
        **CARD,
        "growth": {
            "slots": 900,
            "possible_slots": 2048,
            "most_new_slots_per_epoch": 0.05,
            "slots_by_epoch": [800, 900],
        },
        "latency": {
            "blocks": 12,
            "encoder_ms": {"median": 0.1, "p95": 0.2},
            "decoder_ms": {"median": 0.3, "p95": 0.4},
        },
        "hardware": {"processor": "A <processor>", "cores": 2, "peak_memory_mib": 600},
        "kl_shares": [0.5, 0.5, 0.5, *[0.15] * 6, 0.5],
        "calibration": {
            "is_on": True,
            "people": 190,
            "measured": {
                "side": {
                    "before": {"log_loss": 0.31, "brier": 0.12, "calibration_error": 0.02},
                    "after": {"log_loss": 0.3, "brier": 0.11, "calibration_error": 0.01},
                }
            },
        },
    }
    return CodebookVersion.objects.create(name="made", folder="none", card=card)


def test_figures_in_english_sentences_keep_their_point_in_every_language(made):
    with translation.override("de"):
        page = card_page(made)

    assert "log loss 0.3100 before, 0.3000 after" in page
    assert "encoder 0.1 ms" in page and "0,1 ms" not in page


def test_the_curve_is_drawn_in_the_pages_own_ink():
    assert "#3d5a80" not in curve_svg(CARD["rate_distortion"])
    assert curve_svg(CARD["rate_distortion"]).count("currentColor") == 2


def test_files_of_the_layout_part_are_counted_beside_what_a_decision_loads(made):
    page = card_page(made)
    folder = [path.name for path in INNATE_FOLDER.iterdir() if path.suffix in (".onnx", ".npy")]

    named = [name for name in folder if f"{name} " in page]
    assert sorted(named) == sorted(folder) and "for suggesting an arrangement" in page
    kib = sum((INNATE_FOLDER / name).stat().st_size for name in CARD["layouts"]["bytes"]) / 1024
    assert f"{kib:.0f} KiB (" in page


def test_who_was_drawn_of_how_many_is_on_the_page_in_all_and_by_slice(made):
    counts = {"visits": 150, "of_visits": 3000, "people": 15, "of_people": 400}
    few = {"visits": 77, "of_visits": 78, "people": 11, "of_people": 12}
    made.card["training"]["sample"] = {**counts, "slices": {"age_band 55+": few}}

    page = card_page(made)

    assert "150 of 3000 visits, 15 of 400 people: whole people, by a hash" in page
    assert "Drawn of age_band 55+</th><td>77 of 78 visits, 11 of 12 people" in page


def test_every_part_of_the_card_is_on_the_page(made):
    page = card_page(made)

    for text in (
        f"{CARD['latent']} numbers",
        f"up to {CARD['tokens']} of 8 bits",
        f"{CARD['bits_per_user']['mean']:.1f} on average",
        f"{CARD['side_bits_per_block']} per block",
        "Distortion from 8 to 64 bits",
        "900 of 2048 possible codes; at most 5 % new ones an epoch",
        "between 10 and 20 % in 86 % of the later epochs",
        "calibrated on 190 people kept out of training",
        "log loss 0.3100 before, 0.3000 after; Brier score 0.1200, 0.1100",
        "At 02:30",
        "Attributes</th><td>none",
        "encoder 0.1 ms (95 % under 0.2), decoder 0.3 ms",
        "A &lt;processor&gt;, 2 cores",
        "It was not audited",
        *CARD["limits"],
    ):
        assert text in page, text
    assert "style=" not in page and "<script" not in page


def test_codes_that_drifted_from_the_champions_are_named(made):
    stage = {"same": 90, "drifted": [7, 12], "new": [93], "gone": []}
    told = {"champion": "abc123", "is_start": True, "first_token_kept": 0.98, "stages": [stage]}
    assert "abc123" not in card_page(made)
    made.card["training"] = {**made.card["training"], "alignment": told}
    made.card["growth"] = {"slots": 94, "possible_slots": 2048}

    page = card_page(made)

    assert "kept where they were in version abc123" in page and "for 98 % of the visits" in page
    assert "<details><summary>Code by code" in page
    assert "new ones came where they pay" in page and "there from the start" not in page
    assert "Token 1: 90 mean the same, drifted: 7, 12, new: 93." in page and "gone" not in page


def test_the_latest_audit_of_each_surface_is_named(made, course):
    rows = [
        {"verdict": "exceeds", "direction": "worse", "metric": "seconds", "slice": {"a": "<b>"}},
        {"verdict": "exceeds", "direction": "better", "metric": "seconds", "slice": {"a": "c"}},
        {"verdict": None, "metric": "tokens", "slice": {"a": "c"}},
    ]
    for verdict, slices in (("within", []), ("exceeds", rows)):
        AuditReport.objects.create(
            surface=course, version=made, verdict=verdict, report={"slices": slices}
        )

    page = card_page(made)

    assert "0 comparisons within the tolerance, 2 beyond it" in page
    assert "Served worse than the rest: a &lt;b&gt;: seconds." in page
    assert "a c: seconds" not in page


def test_an_old_card_says_what_it_does_not_know(course):
    old = CodebookVersion.objects.create(name="old", folder="none", card={"latent": 4})

    page = card_page(old)

    assert "How the codebook grew is not in this card" in page
    assert "calibrating it afterwards did not help" in page
    assert "not measured at export" in page and "The card has no curve" in page
    assert curve_svg([{"bits": 8, "distortion": 0.1}]) == ""
