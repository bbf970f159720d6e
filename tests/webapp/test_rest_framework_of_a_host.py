"""A host's REST_FRAMEWORK and SPECTACULAR_SETTINGS change none of our answers."""

from __future__ import annotations

import json
from pathlib import Path

from rest_framework.settings import DEFAULTS

from tests.webapp.foreign_host import run, site

CLASSES = """
from django.contrib.auth.models import AnonymousUser
from rest_framework import (authentication, filters, metadata, negotiation, pagination, parsers,
    permissions, renderers, throttling, versioning)
from rest_framework.schemas import openapi

def never(*args, **kwargs):
    raise RuntimeError("the host's own class was asked")

class Nobody(AnonymousUser): pass
class Authentication(authentication.BaseAuthentication): authenticate = never
class Permission(permissions.BasePermission): has_permission = never
class Throttle(throttling.BaseThrottle): allow_request = never
class Negotiation(negotiation.BaseContentNegotiation): select_parser = select_renderer = never
class Metadata(metadata.BaseMetadata): determine_metadata = never
class Parser(parsers.BaseParser):
    media_type, parse = "application/json", never
class Renderer(renderers.BaseRenderer):
    media_type, format, render = "application/json", "json", never
class Filter(filters.BaseFilterBackend): filter_queryset = never
class Schema(openapi.AutoSchema): pass
"""
TURNED = {
    **{
        f"DEFAULT_{setting}_CLASSES": [f"mysite.classes.{name}"]
        for setting, name in {
            "RENDERER": "Renderer",
            "PARSER": "Parser",
            "AUTHENTICATION": "Authentication",
            "PERMISSION": "Permission",
            "THROTTLE": "Throttle",
        }.items()
    },
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "mysite.classes.Negotiation",
    "DEFAULT_METADATA_CLASS": "mysite.classes.Metadata",
    "DEFAULT_VERSIONING_CLASS": "rest_framework.versioning.NamespaceVersioning",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "DEFAULT_FILTER_BACKENDS": ["mysite.classes.Filter"],
    "DEFAULT_SCHEMA_CLASS": "mysite.classes.Schema",
    "DEFAULT_THROTTLE_RATES": {"user": "1/day", "anon": "1/day"},
    "NUM_PROXIES": 2,
    "PAGE_SIZE": 1,
    "SEARCH_PARAM": "surface",
    "ORDERING_PARAM": "variants",
    "DEFAULT_VERSION": "v1",
    "ALLOWED_VERSIONS": ["v1"],
    "VERSION_PARAM": "surface",
    "UNAUTHENTICATED_USER": "mysite.classes.Nobody",
    "UNAUTHENTICATED_TOKEN": "mysite.classes.Nobody",
    "VIEW_NAME_FUNCTION": "mysite.classes.never",
    "VIEW_DESCRIPTION_FUNCTION": "mysite.classes.never",
    "EXCEPTION_HANDLER": "mysite.classes.never",
    "NON_FIELD_ERRORS_KEY": "detail",
    "LIST_SERIALIZER_ERRORS_AS_DICT": False,
    "TEST_REQUEST_RENDERER_CLASSES": ["mysite.classes.Renderer"],
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": "surface",
    "FORMAT_SUFFIX_KWARG": "surface",
    "URL_FIELD_NAME": "id",
    "DATE_FORMAT": "%d.%m.%Y",
    "DATE_INPUT_FORMATS": ["%d.%m.%Y"],
    "DATETIME_FORMAT": "%d.%m.%Y",
    "DATETIME_INPUT_FORMATS": ["%d.%m.%Y"],
    "TIME_FORMAT": "%H",
    "TIME_INPUT_FORMATS": ["%H"],
    "DURATION_FORMAT": "iso-8601",
    "UNICODE_JSON": False,
    "COMPACT_JSON": False,
    "STRICT_JSON": False,
    "COERCE_DECIMAL_TO_STRING": False,
    "COERCE_BIGINT_TO_STRING": True,
    "UPLOADED_FILES_USE_URL": False,
    "HTML_SELECT_CUTOFF": 1,
    "HTML_SELECT_CUTOFF_TEXT": "more",
    "SCHEMA_COERCE_PATH_PK": False,
    "SCHEMA_COERCE_METHOD_NAMES": {"retrieve": "see"},
}
SPECTACULAR = {
    "TITLE": "The host's API",
    "OAS_VERSION": "3.0.3",
    "SERVE_PUBLIC": False,
    "SCHEMA_PATH_PREFIX_INSERT": "/elsewhere",
    "PREPROCESSING_HOOKS": ["mysite.classes.never"],
    "POSTPROCESSING_HOOKS": ["mysite.classes.never"],
}
MORE = """
ALLOWED_HOSTS = ["testserver"]
MIDDLEWARE = ["webapp.layouts.errors.middleware.api_problems"]
"""
SEED = """
import django
django.setup()
from django.core.management import call_command
from webapp.codebooks.gate.promotion import innate_ship
from webapp.surfaces.services import surface_save

call_command("migrate", verbosity=0)
block = {"sizes": {"*": {"default": [1, 1]}}}
surface_save({"slug": "home", "title": "Home", "breakpoints": [{"name": "all", "min_width": 0,
    "columns": 2}], "blocks": [{"id": i, "title": i, **block} for i in ("a", "b")]})
innate_ship()
"""
ASK = """
import json, os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = sys.argv[1]
django.setup()
from django.test import Client
from django.utils import timezone
from webapp.subjects.keys import server_key_make, user_token_make
client, found = Client(raise_request_exception=False), []

def ask(method, path, body=None, kind="application/json", **headers):
    data = json.dumps(body) if kind == "application/json" else body
    more = {} if body is None else {"data": data, "content_type": kind}
    answer = getattr(client, method)(f"/api/{path}", headers=headers, **more)
    names = ("Content-Type", "Allow", "Vary", "Cache-Control", "WWW-Authenticate")
    kept = {name: answer.headers.get(name) for name in names}
    found.append([method, path, answer.status_code, kept, answer.content.decode()])
    return answer

def event(**more):
    return {"id": "1", "at": timezone.now().isoformat(), "type": "use", "block": "a", **more}

token = user_token_make(key="host:ann", now=timezone.now())
as_ann = {"Authorization": f"Bearer {token}"}
layout = ask("get", "layout?surface=home&variants=2&v=1").json()
for page in ("schema", "docs", "snippets", "errors", "health", "me", "nowhere", "layout?format=x",
             "layout?surface=home&variants=ü", "layout?surface=ü"):
    ask("get", page)
mine = ask("get", "layout?surface=home", **as_ann, Accept="text/html; version=9").json()
for path in ("layout", "events", "feedback", "me", "health"):
    ask("options", path, **as_ann)
    ask("patch", path, **as_ann)
sent = {"decision": mine["decision"]}
for body in (
    {**sent, "events": [event()]}, {**sent, "events": [event(surprise=1, at="02.03.2026")]},
    {**sent, "events": [event(rank=10**30), event(block=""), event(type="move")]},
    {**sent, "events": [event(id="ü", block="ü")]}, {**sent, "events": []}, [1], "ü", 5, None,
):
    ask("post", "events", body, **as_ann)
ask("post", "events", {**sent, "events": [{**event(), "at": "2026-03-02T09:00"}]}, **as_ann)
ask("post", "events", b'{"decision": NaN}', "application/json; x", **as_ann)
ask("post", "events", "a=1", "application/x-www-form-urlencoded", **as_ann)
ask("post", "feedback", {**sent, **event(type="pin", id="2")}, **as_ann)
ask("post", "me", {"consent": "perhaps"}, **as_ann)
ask("get", "me", Authorization="Bearer uis_wrong")
ask("get", "me", Authorization="Basic YTpi")
ask("delete", "me", **as_ann)
_, secret = server_key_make(name="shop")
ask("get", "layout?surface=home", Authorization=f"Bearer {secret}", **{"X-Subject": "shop:1"})
print(json.dumps(found))
"""
CHANGING = ("decision", "decide_ms", "whose", "id", "at", "day")
"""Members of answers that no two runs share."""


def answers(host: Path, settings: str) -> list[list[object]]:
    found = json.loads(run(host, "-c", ASK, settings).splitlines()[-1])
    return [[*asked, _steady(text)] for *asked, text in found]


def _steady(text: str) -> object:
    """The text, if it is no JSON; else its values, without those that change from run to run."""
    try:
        return text if not text.startswith(("{", "[")) else _without(json.loads(text))
    except ValueError:
        return text


def _without(value: object) -> object:
    if isinstance(value, dict):
        return {k: _without(v) for k, v in value.items() if k not in CHANGING}
    return [_without(v) for v in value] if isinstance(value, list) else value


def test_every_setting_of_rest_framework_is_turned():
    assert set(TURNED) == set(DEFAULTS)
    assert not [name for name, value in TURNED.items() if value == DEFAULTS[name]]


def test_our_answers_are_the_same_whatever_the_host_sets(tmp_path):
    turned = f"from mysite.settings import *\nREST_FRAMEWORK = {TURNED!r}\n"
    turned += f"SPECTACULAR_SETTINGS = {SPECTACULAR!r}\n"
    host = site(tmp_path, settings=MORE, turned=turned, classes=CLASSES)
    run(host, "-c", SEED)

    plain, theirs = answers(host, "mysite.settings"), answers(host, "mysite.turned")

    assert len(plain) > 35 and not [asked for asked in plain if asked[2] >= 500]
    assert [(ours, other) for ours, other in zip(plain, theirs, strict=True) if ours != other] == []
