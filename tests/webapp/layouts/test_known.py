"""What a page knows of its caller: the same sentences as JSON, in the export and on a page."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from django.db import OperationalError
from django.test import Client

from tests.webapp.conftest import COURSE, Person
from tests.webapp.layouts.kept_books import book_of_today
from uiengine.claims import CLAIMS
from webapp.layouts.api.byte_cookies import BYTE, NEXT
from webapp.privacy.claims import SENTENCES
from webapp.privacy.erase import subject_erase
from webapp.subjects.keys import VISITOR_COOKIE, server_key_make
from webapp.subjects.models import Profile, Subject
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/api/about/course-home/you"


@pytest.fixture
def regular(owner, worker):
    """Somebody with four visits, the first on the second of March, a day apart."""
    for blocks in (("glossary", "live"), ("glossary",), ("glossary", "forum"), ("live",)):
        owner.visit(*blocks)
        worker.work()
    return owner


def text(response) -> str:
    body = re.sub(r"<(script|style).*?</\1>", "", response.content.decode(), flags=re.S)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body)))


def token_of(person: Person) -> str:
    return person.headers["Authorization"].removeprefix("Bearer ")


def test_sentences_count_what_the_person_did(regular):
    known = regular.get("me/course-home").json()
    says = {(c["about"], c["block"]): c["says"] for c in known["claims"]}

    assert says["use", "glossary"] == (
        "You use Glossary in most of your visits: in 3 of 4. The last time was March 4, 2026."
    )
    assert says["use", "forum"].startswith("You used Course forum in 1 of your 4 visits.")
    assert ("use", "quiz") not in says
    assert known["arranged"] == "adapted" and known["visit"] == {"learns": True}
    assert known["sure"]["visits"] == 4 and 0 < known["sure"]["own_percent"] < 100


def test_expected_shares_are_those_that_the_planner_weighs(regular, page):
    from uiengine.behaviour.days import day_of
    from uiengine.request import Request
    from uiengine.search.assignment import outlook
    from webapp.lib.times import to_milliseconds
    from webapp.serving.pages import serving
    from webapp.subjects import mappers

    shown = serving.page("course-home")
    profile = mappers.to_state(Profile.objects.get()).profile
    day = day_of(to_milliseconds(regular.clock.now), shown.surface.zone)
    regular.layout()  # closes the last visit where it is read
    request = Request(shown.surface, profile, serving.popularity(shown, day), day)
    by_hand = dict(
        zip(
            shown.surface.index,
            outlook(request, shown.version.read([request])[0]).demand,
            strict=True,
        )
    )

    claims = regular.get("me/course-home").json()["claims"]

    found = {c["block"]: c["percent"] for c in claims if c["about"] == "expected"}
    assert found and found.keys() <= by_hand.keys()
    assert sorted(found, key=lambda b: -by_hand[b]) == list(found)


def test_page_export_and_json_say_the_same(regular):
    known = regular.get("me/course-home").json()

    exported = regular.get("me").json()["profiles"][0]["knows"]
    page = Client().post(PAGE, {"user_token": token_of(regular)})

    assert exported == known
    assert all(claim["says"] in text(page) for claim in known["claims"])
    assert known["sure"]["says"] in text(page)


def test_a_button_strikes_out_and_another_brings_back(regular):
    form = {"user_token": token_of(regular), "about": "use", "block": "glossary"}

    after = Client(enforce_csrf_checks=True).post(PAGE, {**form, "act": "strike"})

    assert after.status_code == 200 and after["Cache-Control"] == "no-store"
    assert "Struck out: what you used of Glossary counts no longer." in text(after)
    assert "Learn this again from now on" in text(after)
    assert "You use Glossary" not in text(after)
    back = Client().post(PAGE, {**form, "act": "restore"})
    assert "What you use of Glossary is learned again from now on." in text(back)
    assert "Learn this again" not in text(back)


@pytest.mark.parametrize("act", ["quiet", "learn", "forget_week"])
def test_other_buttons_say_what_they_did(regular, act):
    after = Client().post(PAGE, {"user_token": token_of(regular), "act": act})
    said = {
        "quiet": "Nothing is learned from this visit.",
        "learn": "From now on this visit is learned from again.",
        "forget_week": "The last seven days are forgotten.",
    }
    assert said[act] in text(after)


def test_what_was_used_in_this_visit_is_said_and_can_be_struck(regular):
    regular.send(regular.layout(), regular.event("use", "quiz"))
    says = [c["says"] for c in regular.get("me/course-home").json()["claims"]]
    assert "You used Practice quizzes in this visit; it counts from the next one." in says

    body = {"act": "strike", "about": "use", "block": "quiz"}
    known = regular.post("me/course-home", body).json()

    assert [s["block"] for s in known["struck"]] == ["quiz"]
    assert "quiz" not in [c["block"] for c in known["claims"] if c["about"] == "use"]


@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_the_page_speaks_the_readers_language(regular, language):
    client = Client(headers={"Accept-Language": language})
    page = client.post(PAGE, {"user_token": token_of(regular)})
    body = page.content.decode()

    assert f'lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in body
    assert ("What you use" in text(page)) == (language == "en")
    assert ("in most of your visits" in text(page)) == (language == "en")


def test_nobody_is_told_so_and_nothing_is_stored(page):
    answer = Client().get(PAGE)
    assert answer.status_code == 200 and "You are not known here" in text(answer)
    assert "On this device" in text(answer) and "Strike out" not in text(answer)
    assert Client().get("/api/me/course-home").status_code == 403
    assert Client().post(PAGE, {"act": "forget_week"}).status_code in (200, 403)
    assert not Subject.objects.exists()
    assert Client().get("/api/about/nowhere/you").status_code == 404


def test_a_session_needs_a_csrf_token_and_has_it_in_the_form(page, owner, clock, admin_user):
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)

    refused = client.post(PAGE, {"act": "quiet"})
    shown = client.get(PAGE).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', shown)[1]
    taken = client.post(PAGE, {"act": "quiet", "csrfmiddlewaretoken": token})

    assert refused.status_code == 403 and "That did not work" in text(refused)
    assert taken.status_code == 200 and "Nothing is learned from this visit" in text(taken)
    assert (
        client.post("/api/me/course-home", {"act": "quiet"}, "application/json").status_code == 403
    )


def test_a_visitor_who_consented_sees_and_corrects(page, owner, clock, worker):
    client = Client()
    client.post("/api/me", {"consent": True}, "application/json")
    layout = client.get("/api/layout?surface=course-home").json()
    body = {"decision": layout["decision"], "events": [owner.event("use", "forum")]}
    client.post("/api/events", body, "application/json")

    assert "You used Course forum in this visit" in text(client.get(PAGE))
    client.post(PAGE, {"act": "strike", "about": "use", "block": "forum"})
    assert "What you use of Course forum is not learned." in text(client.get(PAGE))
    assert VISITOR_COOKIE in client.cookies


def test_a_forged_token_is_refused_on_the_page(regular):
    answer = Client().post(PAGE, {"user_token": token_of(regular) + "x", "act": "quiet"})
    assert answer.status_code == 401 and "forged" in text(answer)
    assert Profile.objects.get().state.get("unlearned") is None


def test_a_server_key_needs_the_right_to_export_and_erase(regular):
    for scope, status in (("layout:read", 403), ("subjects:admin", 200)):
        _, secret = server_key_make(name=scope, scopes=[scope])
        headers = {"Authorization": f"Bearer {secret}", "X-Subject": regular.key}
        assert Client().get("/api/me/course-home", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"act": "eat"}, "act"),
        ({"act": "strike"}, "about"),
        ({"act": "strike", "about": "use"}, "block"),
        ({"act": "strike", "about": "age", "block": "forum"}, "about"),
        ({"act": "strike", "about": "use", "block": "nowhere"}, "block"),
    ],
)
def test_what_cannot_be_done_is_refused_by_field(regular, body, field):
    answer = regular.post("me/course-home", body)
    assert answer.status_code == 400 and answer.json()["field"] == field
    assert Profile.objects.get().state.get("unlearned") is None


def test_a_refused_act_says_which_there_are(regular):
    said = regular.post("me/course-home", {"act": "eat"}).json()["detail"]
    assert said.endswith("Send one of: strike, restore, quiet, learn, forget_week.")


@pytest.mark.usefixtures("one_minute")
def test_too_many_corrections_are_refused(regular, settings):
    settings.UIENGINE_THROTTLES = {**settings.UIENGINE_THROTTLES, "write": 2}
    answers = [regular.post("me/course-home", {"act": "quiet"}) for _ in range(3)]
    assert [a.status_code for a in answers][-1] == 429
    page = Client().post(PAGE, {"user_token": token_of(regular)})
    assert page.status_code == 429 and page["Retry-After"]


def test_with_the_database_away_nothing_is_claimed(regular, monkeypatch):
    def away(*_, **__):
        raise OperationalError("away")

    monkeypatch.setattr("webapp.privacy.claims.state_cache.read", away)
    answers = [
        regular.get("me/course-home"),
        Client().post(PAGE, {"user_token": token_of(regular)}),
    ]
    assert [a.status_code for a in answers] == [503, 503]
    assert all(a["Retry-After"] for a in answers) and "That did not work" in text(answers[1])


@pytest.mark.parametrize("wish", ["plain", "freeze"])
def test_the_page_says_where_what_is_known_decides_nothing(regular, wish):
    regular.wish(wish)
    known = regular.get("me/course-home").json()
    assert known["arranged"] == {"plain": "plain", "freeze": "frozen"}[wish]
    assert not [c for c in known["claims"] if c["about"] == "expected"] and known["sure"] is None


def test_wishes_are_said(regular):
    regular.wish("pin", "forum")
    assert regular.get("me/course-home").json()["wishes"] == ["You keep Course forum in its place."]


def test_the_byte_of_a_book_follows_at_once(page, clock, worker, admin_user):
    client = Client()
    client.force_login(admin_user)
    person = Person(f"django:{admin_user.pk}", clock)
    for _ in range(6):
        person.visit("quiz")
        worker.work()
    book_of_today(page)
    client.get("/api/token?surface=course-home")
    before = [client.cookies[name + "course-home"].value for name in (BYTE, NEXT)]

    client.post(PAGE, {"act": "strike", "about": "use", "block": "quiz"})

    after = [client.cookies[name + "course-home"].value for name in (BYTE, NEXT)]
    assert not set(before) & set(after)
    said = client.get("/api/token?surface=course-home").json()
    assert after[0].split(".")[0] == str(said.get("byte", "engine"))


def test_every_sentence_of_the_engine_is_translated():
    assert SENTENCES == CLAIMS
    for language in ("de", "ar"):
        words = (Path("webapp/locale") / language / "LC_MESSAGES/django.po").read_text("utf-8")
        assert all(s.split("$")[0][:20] in words for s in SENTENCES.values())


def test_titles_are_the_surfaces(regular):
    blocks = [{**b, "title": "Wörter"} if b["id"] == "glossary" else b for b in COURSE["blocks"]]
    surface_save({**COURSE, "blocks": blocks})
    titles = {c["title"] for c in regular.get("me/course-home").json()["claims"]}
    assert "Wörter" in titles and "Glossary" not in titles


def test_a_token_of_before_an_erasure_corrects_nothing(regular):
    with_old_token = dict(regular.headers)
    subject_erase(key=regular.key)
    asked = {"act": "strike", "about": "use", "block": "live"}

    response = regular.post("me/course-home", asked)

    assert regular.headers == with_old_token
    assert response.status_code in (401, 403), response.content
    assert not Subject.objects.exists()
