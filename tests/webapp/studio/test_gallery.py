"""The gallery shows what codes decode to and how many people have them, in aggregates only."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from uiengine.model.version_folder import load_version
from uiengine.request import Request
from webapp.codebooks.gate.promotion import INNATE_FOLDER
from webapp.serving.pages import serving
from webapp.studio import gallery
from webapp.studio.choices import today_of
from webapp.studio.usage import Usage, _merged, usage_of
from webapp.subjects import mappers
from webapp.subjects.models import Profile, Subject

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def innate():
    return load_version(INNATE_FOLDER)


@pytest.fixture
def here(cohort):
    return serving.page("course-home")


def test_use_is_counted_as_each_profile_alone_is_encoded(innate, here):
    popularity = serving.popularity(here, today_of(here.surface))
    alone = Counter(
        innate.read(
            [Request(here.surface, mappers.to_state(p).profile, popularity, today_of(here.surface))]
        )[0].tokens[0]
        for p in Profile.objects.all()
    )

    usage = usage_of(innate, here, today_of(here.surface), "ada")

    assert usage.subjects == Profile.objects.count() == 36
    assert usage.stage(0) == alone


def test_a_code_is_drawn_in_the_order_of_the_shares_it_decodes_to(innate, here):
    usage = Usage(((3,), (3,), (5,)), {})
    shelf = gallery.shelf(innate, here, usage, day=today_of(here.surface), stage=1, number=1)

    assert [c.index for c in shelf.codes[:3]] == [3, 5, 0]
    assert [c.count for c in shelf.codes[:3]] == [2, 1, 0]
    assert len(shelf.unused) == innate.codebook.codes_in_use[0] - 2
    percents = [int(p) for p in re.findall(r"(\d+)%[,\"]", _label(shelf.codes[0].svg))]
    assert percents[1:] == sorted(percents[1:], reverse=True)  # without the pinned block
    assert abs(sum(percents) - 100) <= len(percents)


def _label(svg: str) -> str:
    return re.search(r'aria-label="[^"]*"', svg)[0]


def test_a_later_code_stands_after_the_commonest_tokens_before_it(innate, here):
    usage = Usage(((3, 1), (3, 2), (5, 1)), {})
    shelf = gallery.shelf(innate, here, usage, day=today_of(here.surface), stage=2, number=1)
    assert shelf.before == (3,)
    assert (
        gallery.shelf(innate, here, usage, day=today_of(here.surface), stage=5, number=1).codes
        == ()
    )


def test_perplexity_is_two_to_the_entropy_of_use(innate):
    usage = Usage(((1,), (1,), (2,), (2,)), {})
    assert gallery.stages(innate, usage)[0].perplexity == pytest.approx(2.0)


def test_values_of_few_people_are_merged():
    values = ["a"] * 30 + ["b"] * 12 + ["c"] * 4 + ["d"] * 7
    assert Counter(_merged(values)) == {"a": 30, "b or c or d": 23}
    assert _merged(["a"] * 30 + ["b"] * 3) == ()


def test_a_code_that_few_people_of_a_slice_have_is_not_split():
    tokens = ((1,),) * 16 + ((2,),) * 4
    usage = Usage(tokens, {"gender": ("F",) * 10 + ("M",) * 10})

    assert usage.split(0, 1) == {"gender": {"F": 1.0, "M": 0.6}}
    assert usage.split(0, 2) == {"gender": None}


def test_only_auditors_see_slices_and_strangers_see_nothing(
    auditor, owner, stranger, version, cohort
):
    address = f"/admin/studio/gallery/{version.pk}/"
    page = owner.get(address).content.decode()

    assert stranger.get(address).status_code == 403
    assert "By slice" in page and "file:" not in page
    assert auditor.get(address).status_code == 200


def test_a_wrong_choice_is_named(owner, version, cohort):
    page = owner.get(f"/admin/studio/gallery/{version.pk}/?surface=nowhere").content.decode()
    assert "surface: Select a valid choice" in page


def test_queries_do_not_grow_with_people(owner, version, cohort, django_assert_max_num_queries):
    state = Profile.objects.first().state
    people = Subject.objects.bulk_create(Subject(key=f"x{i}") for i in range(500))
    Profile.objects.bulk_create(Profile(subject=p, surface=cohort, state=state) for p in people)
    with django_assert_max_num_queries(25):
        page = owner.get(f"/admin/studio/gallery/{version.pk}/").content.decode()
    assert "Of the 536 people" in page


def test_token_lists_decode_to_what_reading_a_subject_gives(innate, here):
    profile = mappers.to_state(Profile.objects.first()).profile
    request = Request(
        here.surface,
        profile,
        serving.popularity(here, today_of(here.surface)),
        today_of(here.surface),
    )
    (read,) = innate.read([request])
    (decoded,) = innate.decode(request, [read.tokens])
    assert np.allclose(decoded.demand, read.demand) and decoded.tokens == read.tokens
