"""`{% adaptive_layout %}` renders on the server what the API answers."""

from __future__ import annotations

import json
import re

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser, User
from django.db import OperationalError
from django.http import HttpRequest
from django.template import Context, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject

from webapp.layouts.html.grid_css import grid_css
from webapp.lib.times import utc_now
from webapp.subjects import decisions, keys

PAYLOAD = {
    "breakpoints": {"wide": 600, "narrow": 0},
    "cols": {"wide": 2, "narrow": 1},
    "row_height": 50,
    "layouts": {
        "wide": [{"id": "a", "x": 0, "y": 0, "w": 2, "h": 1}],
        "narrow": [{"id": "a", "x": 0, "y": 2, "w": 1, "h": 3}],
    },
}


def request_of(user: User | AnonymousUser) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = user
    return request


def rendered(request: HttpRequest, arguments: str = '"course-home"') -> str:
    template = Template(f"{{% load adaptive_layout %}}{{% adaptive_layout {arguments} %}}")
    return template.render(Context({"request": request}))


def blocks(html: str) -> list[str]:
    return re.findall(r'<section data-block="([^"]+)"', html)


def boot(html: str) -> dict[str, object]:
    return json.loads(html.split('<script type="application/json">')[1].split("</script>")[0])


def test_grid_rules_place_each_block_at_each_breakpoint_narrow_first():
    narrow = "repeat(1,minmax(0,1fr));grid-auto-rows:minmax(50px,auto)"
    wide = "repeat(2,minmax(0,1fr));grid-auto-rows:minmax(50px,auto)"
    assert grid_css(PAYLOAD, "g") == (
        f"@container (min-width:0px){{g{{grid-template-columns:{narrow}}}"
        'g>[data-block="a"]{grid-area:3/1/span 3/span 1}}'
        f"@container (min-width:600px){{g{{grid-template-columns:{wide}}}"
        'g>[data-block="a"]{grid-area:1/1/span 1/span 2}}'
    )


def test_a_subject_named_by_the_host_gets_its_own_order(owner):
    for _ in range(6):
        owner.visit("glossary", "live")
    layout = owner.layout()
    html = rendered(request_of(AnonymousUser()), f'"course-home" subject="{owner.key}"')
    assert blocks(html) == layout["order"]
    assert boot(html)["payload"] == layout
    assert 'token="ut_' in html


def test_a_page_comes_though_nobody_can_tell_who_asks(page, django_user_model):
    """The default layout, of the session's user as far as that is known."""
    ada = django_user_model.objects.create_user("ada")
    request = request_of(SimpleLazyObject(_missing))
    session = {SESSION_KEY: str(ada.pk)}
    pages = []
    for known in (session, _Missing()):
        request.session = known
        pages.append(boot(rendered(request))["payload"])

    assert [shown["status"] for shown in pages] == ["fallback", "fallback"]
    hashes = [decisions.read(shown["decision"]).subject for shown in pages]
    assert hashes[0] == decisions.subject_hash(f"django:{ada.pk}")
    assert hashes[1] == decisions.subject_hash("")


def _missing():
    raise OperationalError("The database is away.")


class _Missing(dict):
    def __getitem__(self, name):
        _missing()


def test_a_signed_in_user_needs_no_token(page, django_user_model):
    user = django_user_model.objects.create_user("ada")
    html = rendered(request_of(user))
    assert "token=" not in html
    assert boot(html)["payload"]["status"] == "adapted"


def test_without_consent_a_visitor_gets_the_default(page):
    payload = boot(rendered(request_of(AnonymousUser())))["payload"]
    assert payload["status"] == "default"


def test_content_that_looks_like_markup_cannot_break_out(page):
    page.definition["blocks"][1]["title"] = "</script><b>x"
    page.save()
    html = rendered(request_of(AnonymousUser()), '"course-home" controls=True')
    assert "<b>x" not in html


def test_an_unknown_surface_names_the_next_step(page):
    with pytest.raises(TemplateSyntaxError, match=r"no surface 'nowhere'.*load_surfaces"):
        rendered(request_of(AnonymousUser()), '"nowhere"')


def test_without_a_request_it_is_the_default_layout_or_a_named_subjects(page, owner, clock):
    def shown(arguments: str) -> list[str]:
        text = f"{{% load adaptive_layout %}}{{% adaptive_layout {arguments} %}}"
        return blocks(Template(text).render(Context()))

    assert shown('"course-home"') == [b["id"] for b in page.definition["blocks"]]
    assert shown(f'"course-home" subject="{owner.key}"') == owner.layout()["order"]


@pytest.mark.parametrize("subject", ["x" * 247, "a\x00b", " "])
def test_a_subject_that_cannot_be_used_gets_the_default_page(page, caplog, subject):
    template = Template('{% load adaptive_layout %}{% adaptive_layout "course-home" subject=who %}')

    html = template.render(Context({"who": subject}))

    assert "<adaptive-layout" in html and '"ut_' not in html
    assert "layout.key_unusable A subject's key" in caplog.text


def test_a_subject_may_be_a_number(page):
    template = Template('{% load adaptive_layout %}{% adaptive_layout "course-home" subject=who %}')

    token = re.search(r"ut_[\w:-]+", template.render(Context({"who": 7})))

    assert token and keys.user_token_read(token[0], now=utc_now()) == "7"
