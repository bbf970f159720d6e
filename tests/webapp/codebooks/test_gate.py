from __future__ import annotations

import pytest

from tests.webapp.codebooks.conftest import judged, variant
from uiengine.errors import VersionError
from uiengine.model.version_folder import load_version
from webapp.audits.models import AuditReport
from webapp.audits.services import report_acknowledge
from webapp.codebooks.gate import clearance, conditions, promotion
from webapp.codebooks.models import Alias, AliasMove, CodebookVersion
from webapp.codebooks.registry import artefacts, store
from webapp.codebooks.registry.aliases import version_promote
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db


def audited(version, surface, verdict):
    judged(version, surface)
    return AuditReport.objects.create(
        surface=surface, version=version, verdict=verdict, report={"slices": []}
    )


def looked(version, surface, verdict, by, *, users, visits):
    """An audit by these attributes with this number of comparisons."""
    judged(version, surface)
    page = {"surface": surface.slug, "users": users, "visits": visits}
    return AuditReport.objects.create(
        surface=surface,
        version=version,
        verdict=verdict,
        attributes=by,
        report={"slices": [], "surfaces": [page]},
    )


def champion(surface) -> str | None:
    alias = Alias.objects.filter(surface=surface, name="champion").first()
    return alias.version.name if alias else None


def test_a_version_is_stored_whole_and_loads(version):
    assert load_version(artefacts.local(version.folder)).id == version.manifest["id"]
    assert version.card["bits_per_user"]


def test_the_same_content_is_stored_once(version, trained, course):
    again, is_new = store.version_store(folder=trained, name="other", surfaces=[course])

    assert (again, is_new) == (version, False)


def test_leftovers_of_a_dead_worker_are_overwritten(trained, course, var):
    leftover = var / "artefacts" / "versions" / "v" / "decoder.onnx"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half")

    version, _ = store.version_store(folder=trained, name="v", surfaces=[course])

    assert load_version(artefacts.local(version.folder))


def test_a_damaged_folder_is_not_stored(trained, tmp_path, course):
    folder = variant(trained, tmp_path / "bad", "bbbbbbbbbbbb", ["course-home"])
    (folder / "decoder.onnx").write_bytes(b"damaged")

    with pytest.raises(VersionError, match=r"decoder\.onnx"):
        store.version_store(folder=folder, name="bad", surfaces=[course])

    assert not CodebookVersion.objects.exists()


def test_a_version_without_an_audit_does_not_serve(version, course):
    with pytest.raises(promotion.PromotionError, match=r"was not audited.*manage\.py audit"):
        promotion.champion_set(version=version, surface=course, why="now")


def test_the_gate_keeps_to_its_own_failed_audit(version, course):
    audited(version, course, "within")
    judged(version, course, "failed", "audit")

    with pytest.raises(promotion.PromotionError, match=r"does not pass the gate.*audit failed"):
        promotion.champion_set(version=version, surface=course, why="now")


def test_an_exceeding_audit_blocks(version, course):
    audited(version, course, "exceeds")

    with pytest.raises(promotion.PromotionError, match="worse than tolerated"):
        promotion.champion_set(version=version, surface=course, why="now")


def test_an_inconclusive_audit_needs_a_name(version, course):
    report = audited(version, course, "inconclusive")
    with pytest.raises(promotion.PromotionError, match="nobody has acknowledged"):
        promotion.champion_set(version=version, surface=course, why="now")

    report_acknowledge(report=report, name="Ada", why="small site")
    promotion.champion_set(version=version, surface=course, why="now")

    assert champion(course) == version.name


def test_an_exceeding_audit_falls_by_a_later_look_at_as_many_people(version, course):
    looked(version, course, "exceeds", ["group"], users=600, visits=4000)
    looked(version, course, "within", ["group", "region"], users=600, visits=4000)

    assert promotion.champion_set(version=version, surface=course, why="now")


@pytest.mark.parametrize(
    ("by", "users", "visits"),
    [(["group"], 1, 27), (["group"], 600, 27), (["region"], 600, 4000)],
    ids=["fewer people", "fewer visits", "another attribute"],
)
def test_an_exceeding_audit_is_not_undone_by_a_lesser_look(version, course, by, users, visits):
    looked(version, course, "exceeds", ["group"], users=600, visits=4000)
    lesser = looked(version, course, "inconclusive", by, users=users, visits=visits)
    report_acknowledge(report=lesser, name="Ada", why="few visits")

    with pytest.raises(promotion.PromotionError, match="worse than tolerated"):
        promotion.champion_set(version=version, surface=course, why="now")


def test_an_inconclusive_attribute_is_not_hidden_by_an_audit_of_another(version, course):
    looked(version, course, "inconclusive", ["region"], users=600, visits=4000)
    looked(version, course, "within", ["gender"], users=600, visits=4000)

    with pytest.raises(promotion.PromotionError, match="nobody has acknowledged"):
        promotion.champion_set(version=version, surface=course, why="now")


def test_a_version_that_the_gate_did_not_judge_does_not_serve(version, course):
    audited(version, course, "within")
    version.gate_reports.all().delete()

    with pytest.raises(promotion.PromotionError, match=r"not judged by the gate.*manage\.py judge"):
        promotion.champion_set(version=version, surface=course, why="now")


@pytest.mark.parametrize("condition", ["parity", "energy", "guardrails"])
def test_a_failed_condition_blocks(version, course, condition):
    audited(version, course, "within")
    judged(version, course, "failed", condition)

    with pytest.raises(promotion.PromotionError, match=f"does not pass the gate.*{condition}"):
        promotion.champion_set(version=version, surface=course, why="now")


def test_an_unclear_condition_needs_a_name(version, course):
    audited(version, course, "within")
    report = judged(version, course, "unclear")
    with pytest.raises(promotion.PromotionError, match="not cleared by the gate"):
        promotion.champion_set(version=version, surface=course, why="now")

    promotion.gate_acknowledge(report=report, name="Ada", why="seven people")
    assert promotion.champion_set(version=version, surface=course, why="now")
    assert report.acknowledgement == "Ada: seven people"


def test_a_judgement_beside_another_champion_does_not_count(version, course, innate):
    audited(version, course, "within")
    promotion.innate_ship(folder=innate)

    with pytest.raises(promotion.PromotionError, match="beside another champion than innate"):
        promotion.champion_set(version=version, surface=course, why="now")


def test_a_judgement_of_the_page_before_its_edit_does_not_count(version, course):
    audited(version, course, "within")
    surface_save({**course.full_definition(), "slug": course.slug, "blocks": _edited(course)})

    with pytest.raises(promotion.PromotionError, match="judged again: course-home was edited"):
        promotion.champion_set(version=version, surface=course, why="now")


def test_a_smoke_judgement_clears_nothing(version, course):
    audited(version, course, "within")
    version.gate_reports.update(is_smoke=True)

    with pytest.raises(promotion.PromotionError, match="judged in a smoke run only"):
        promotion.champion_set(version=version, surface=course, why="now")


def test_a_quoted_condition_ends_the_sentence_once(version, course, innate):
    promotion.innate_ship(folder=innate)
    audited(version, course, "within")
    unheld = {"name": "parity", "verdict": "failed", "text": "They differ. Export again."}
    version.gate_reports.update(conditions=[unheld])

    with pytest.raises(promotion.PromotionError, match="Export again") as caught:
        promotion.champion_set(version=version, surface=course, why="now")
    assert caught.value.problem.endswith("Export again")


def test_a_rollback_passes_over_what_was_refused(version, course, innate, trained, tmp_path):
    promotion.innate_ship(folder=innate)
    audited(version, course, "within")
    promotion.champion_set(version=version, surface=course, why="better")
    folder = variant(trained, tmp_path / "third", "cccccccccccc", ["course-home"])
    third, _ = store.version_store(folder=folder, name="third", surfaces=[course])
    audited(third, course, "within")
    promotion.champion_set(version=third, surface=course, why="better still")
    promotion.champion_return(surface=course, why="it failed", by_name="live guardrails")
    CodebookVersion.objects.filter(pk=third.pk).update(status="refused")

    promotion.champion_return(surface=course, why="further back")

    assert champion(course) == "innate"


def test_a_second_rollback_never_returns_to_what_was_taken_back(version, course, innate):
    promotion.innate_ship(folder=innate)
    audited(version, course, "within")
    promotion.champion_set(version=version, surface=course, why="better")
    promotion.champion_return(surface=course, why="worse")

    with pytest.raises(promotion.PromotionError, match="no earlier champion"):
        promotion.champion_return(surface=course, why="once more")
    assert champion(course) == "innate"

    promotion.champion_set(version=version, surface=course, why="mended")
    other = promotion.innate_version()
    version_promote(surface=course, version=other, why="for a day")
    promotion.champion_return(surface=course, why="promoted anew, so it counts again")
    assert champion(course) == version.name


def test_a_rollback_to_nothing_but_a_refused_version_is_refused(version, course, innate):
    promotion.innate_ship(folder=innate)
    audited(version, course, "within")
    promotion.champion_set(version=version, surface=course, why="better")
    promotion.champion_return(surface=course, why="it failed", by_name="live guardrails")
    CodebookVersion.objects.filter(pk=version.pk).update(status="refused")

    with pytest.raises(promotion.PromotionError, match="no earlier champion"):
        promotion.champion_return(surface=course, why="oops")

    assert champion(course) == "innate"


def test_of_two_promotions_at_once_the_second_is_judged_after_the_first(
    version, course, innate, trained, tmp_path, monkeypatch
):
    """The other promotion commits while this one waits for the surface's lock."""
    promotion.innate_ship(folder=innate)
    audited(version, course, "within")
    folder = variant(trained, tmp_path / "third", "cccccccccccc", ["course-home"])
    third, _ = store.version_store(folder=folder, name="third", surfaces=[course])
    audited(third, course, "within")
    lock = clearance.surface_lock

    def wait(surface):
        monkeypatch.setattr(clearance, "surface_lock", lock)
        promotion.champion_set(version=third, surface=surface, why="first")
        lock(surface)

    monkeypatch.setattr(clearance, "surface_lock", wait)
    with pytest.raises(promotion.PromotionError, match="beside another champion than third"):
        promotion.champion_set(version=version, surface=course, why="second")


def test_another_surfaces_version_does_not_serve(version):
    other = surface_save({"slug": "other", **_small()})

    with pytest.raises(promotion.PromotionError, match="is not trained for"):
        promotion.champion_set(version=version, surface=other, why="now")


def test_damaged_files_do_not_replace_the_champion(version, course, innate):
    promotion.innate_ship(folder=innate)
    audited(version, course, "within")
    (artefacts.local(version.folder) / "decoder.onnx").write_bytes(b"damaged")

    with pytest.raises(VersionError):
        promotion.champion_set(version=version, surface=course, why="now")

    assert champion(course) == "innate"


def test_a_rollback_is_one_move_with_its_record(version, course, innate):
    promotion.innate_ship(folder=innate)
    audited(version, course, "within")
    promotion.champion_set(version=version, surface=course, why="better", by_name="ada")

    promotion.champion_return(surface=course, why="worse after all", by_name="bob")

    assert champion(course) == "innate"
    last = AliasMove.objects.filter(name="champion").first()
    assert last and (last.by_name, last.why, last.is_rollback) == ("bob", "worse after all", True)


def test_nothing_to_go_back_to_is_said(course):
    with pytest.raises(promotion.PromotionError, match="no earlier champion"):
        promotion.champion_return(surface=course, why="oops")


def test_a_newer_innate_version_replaces_the_older_only(version, course, innate, trained, tmp_path):
    other = surface_save({"slug": "other", **_small()})
    promotion.innate_ship(folder=innate)
    audited(version, course, "within")
    promotion.champion_set(version=version, surface=course, why="better")

    promotion.innate_ship(folder=variant(trained, tmp_path / "newer", "cccccccccccc", []))

    assert champion(course) == version.name
    assert champion(other) == "innate-cccccccccccc"


def test_shipping_the_innate_version_twice_changes_nothing(course, innate):
    promotion.innate_ship(folder=innate)
    moves = AliasMove.objects.count()

    promotion.innate_ship(folder=innate)

    assert AliasMove.objects.count() == moves


def _edited(surface):
    first, *rest = surface.definition["blocks"]
    return [{**first, "title": "Another title"}, *rest]


def _small():
    return {
        "breakpoints": [{"name": "all", "min_width": 0, "columns": 4, "viewport_height": 800}],
        "blocks": [{"id": "a"}, {"id": "b"}],
    }


def test_few_held_back_people_are_said_to_be_too_few_and_give_no_figure():
    found = conditions.energy(
        estimate=0.001, low=-0.002, high=0.0047, against="champion", people=3, visits=9
    )

    assert found["verdict"] == "unclear" and found["figure"] is None
    assert found["text"].startswith("Modelled seconds: 3 held-back people, too few to tell")


@pytest.mark.parametrize(
    ("low", "high", "needs_gain", "verdict", "says"),
    [
        (-0.003, 0.004, False, "passed", "no more modelled time than the champion"),
        (-0.003, 0.004, True, "unclear", "beyond chance, so nobody's page changes for it"),
        (-0.003, 0.0, True, "unclear", "beyond chance, so nobody's page changes for it"),
        (-0.003, -0.0001, True, "passed", "Saves held-back people modelled time"),
        (0.006, 0.009, True, "failed", "more modelled time than the champion"),
        (0.006, 0.009, False, "failed", "more modelled time than the champion"),
        (-0.003, 0.009, False, "unclear", "too few to tell"),
    ],
)
def test_beside_a_trained_champion_a_gain_must_be_more_than_noise(
    low, high, needs_gain, verdict, says
):
    found = conditions.energy(
        estimate=0.0,
        low=low,
        high=high,
        against="champion",
        people=40,
        visits=900,
        needs_gain=needs_gain,
    )

    assert found["verdict"] == verdict and says in found["text"]
    assert found["limit"] == (0.0 if needs_gain else 0.005)
