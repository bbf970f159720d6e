"""A host whose routers keep our tables in a database of their own, apart from its users."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.checks import Error
from django.db import router

from tests.webapp.foreign_host import run, site
from webapp.codebooks.roles import groups_wanted
from webapp.layouts.routing_checks import routing_check, tenants_check
from webapp.lib import database

SETTINGS = """
INSTALLED_APPS = ["webapp.studio", "webapp.observability", "django.contrib.admin",
                  "django.contrib.messages", *INSTALLED_APPS]
MIDDLEWARE = ["webapp.layouts.errors.middleware.api_problems",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES[0]["OPTIONS"]["context_processors"] += [
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages"]
ALLOWED_HOSTS = ["testserver"]
UIENGINE_DEADLINE_MS = 60_000
CELERY_BROKER_URL = "memory://"
DATABASE_ROUTERS = ["mysite.router.Router"]
DATABASES["default"]["ATOMIC_REQUESTS"] = True
"""
SQLITE = """
DATABASES["layouts"] = {**DATABASES["default"], "NAME": BASE_DIR / "layouts.sqlite3"}
"""
POSTGRES = """
DATABASES["layouts"] = {{"ENGINE": "webapp.postgres", "NAME": "{name}", "USER": "postgres",
    "HOST": "127.0.0.1", "ATOMIC_REQUESTS": True}}
"""
ROUTER = """
class Router:
    def db_for_read(self, model, **hints):
        return "layouts" if model._meta.app_label.startswith("uiengine_") else None
    db_for_write = db_for_read
    def allow_migrate(self, db, app_label, **hints):
        return app_label.startswith("uiengine_") == (db == "layouts")
"""
URLS = """
from django.contrib import admin
from django.urls import include, path
from webapp.observability import views
urlpatterns = [path("api/", include("webapp.layouts.urls")), path("admin/", admin.site.urls),
    path("studio/", include("webapp.studio.urls")), path("ready", views.ready)]
"""
LIFE = """
import json, sys, django
django.setup()
from datetime import timedelta
from uuid import uuid4
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse
from webapp.audits.models import AuditReport
from webapp.codebooks.models import Alias, AliasMove, CodebookVersion, Proposal, Rollout
from webapp.codebooks.registry.move_record import chain_check
from webapp.lib.times import utc_now
from webapp.privacy.retention import months_renew
from webapp.subjects.fold_worker import profile_fold
from webapp.subjects.models import Event, Profile, Subject
from webapp.subjects.services import visit_end
from webapp.surfaces.models import Surface

call_command("check")
call_command("migrate", database="layouts", verbosity=0)
for app in sys.argv[1:] or [None]:  # of the other database: these apps alone, or all
    call_command("migrate", *filter(None, [app]), database="default", verbosity=0)
call_command("load_fixtures", no_cohort=True)
tables = [m._meta.db_table for m in apps.get_models() if m.__module__.startswith("webapp.")]
inside = set(connections["default"].introspection.table_names())
found = {"strayed": sorted(set(tables) & inside)}
found["groups"] = {g.name: g.permissions.count() for g in Group.objects.all()}
ann, bob = (User.objects.create_superuser(n, f"{n}@example.org", "secret") for n in ("ann", "bob"))
client, other = Client(), Client()
client.force_login(ann)
other.force_login(bob)
found["ready"] = client.get("/ready").json()["database"]
page = Surface.objects.get(slug="course-home")

def send(path, **body):
    answer = client.post(f"/api/{path}", body, content_type="application/json")
    assert answer.status_code < 300, answer.content
    return answer.json()

def happened(kind, block, **more):
    return {"id": str(uuid4()), "at": utc_now().isoformat(), "type": kind, "block": block, **more}

def layout():
    return client.get("/api/layout?surface=course-home").json()

for _ in range(3):
    seen = layout()
    last = found.setdefault("last", seen["order"][-1])
    sent = {"decision": seen["decision"], "events": [happened("use", last)]}
    found["events"] = [send("events", **sent)["accepted"] for _ in range(2)]
    profile = Profile.objects.get(subject__user_id=ann.pk)
    profile_fold(profile_id=profile.pk, now=utc_now())
    visit_end(subject=profile.subject, surface=page, days=1)
seen = layout()
found["status"], found["order"] = seen["status"], seen["order"]
second = seen["order"][2]
found["pins"] = send("feedback", decision=seen["decision"], **happened("pin", second))["pins"]
found["pinned"] = second
found["kept"] = len(client.get("/api/me").json()["profiles"])
found["months"] = len(months_renew(now=utc_now() + timedelta(days=62))["made"])

def step(who, name, *args, **data):
    return who.post(reverse(f"admin:uiengine_codebooks_codebookversion_{name}", args=args), data)

version = CodebookVersion.objects.get()
Alias.objects.filter(name="champion", surface=page).delete()
Rollout.objects.update_or_create(surface=page, defaults={"needs_two": True})
for who in (client, other):
    step(who, "promote", version.pk, surface=page.pk, why="now")
    found.setdefault("proposed", Proposal.objects.count())
found["chain"] = [m.by and m.by.username for m in AliasMove.objects.order_by("pk")][-1:]
found["pages"] = []
for model in (Subject, AliasMove, AuditReport):
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    found["pages"].append(client.get(reverse(name)).status_code)
move = AliasMove.objects.latest("pk")
moved = reverse("admin:uiengine_codebooks_aliasmove_change", args=[move.pk])
found["pages"] += [client.get(moved).status_code, client.get("/studio/health/").status_code]
shown = client.get(reverse("admin:auth_user_delete", args=[ann.pk]))
found["asked"], found["still"] = shown.status_code, Subject.objects.filter(user=ann).count()
try:
    with transaction.atomic():
        User.objects.get(pk=ann.pk).delete()
        raise InterruptedError
except InterruptedError:
    found["taken_back"] = Subject.objects.filter(user=ann).count()
ann.delete()
bob.delete()
found["left"] = [Subject.objects.count(), Event.objects.count(), User.objects.count()]
found["of_nobody"] = AliasMove.objects.exclude(by=None).count()
found["problems"] = chain_check().problems
print(json.dumps(found))
"""


@pytest.fixture(params=["sqlite", "postgres"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    more = SQLITE
    if request.param == "postgres":
        name = f"test_routed_{uuid4().hex[:8]}"
        more = POSTGRES.format(name=name)
    site(tmp_path, settings=SETTINGS + more, urls=URLS, router=ROUTER)
    if request.param == "sqlite":
        yield tmp_path
        return
    psycopg = pytest.importorskip("psycopg")
    address = "postgresql://postgres@127.0.0.1:5432/postgres"
    try:
        server = psycopg.connect(address, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as error:
        pytest.skip(f"PostgreSQL is not reachable at {address}: {error}")
    with server:
        server.execute(f"CREATE DATABASE {name}")
        yield tmp_path
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_our_tables_live_apart_from_the_users(host):
    is_postgres = "webapp.postgres" in (host / "mysite" / "settings.py").read_text()
    own = ("auth", "admin", "sessions") if is_postgres else ()

    found = json.loads(run(host, "-c", LIFE, *own).splitlines()[-1])

    assert found["strayed"] == [] and found["ready"] == "ok"
    assert set(found["groups"]) == {"surface owner", "codebook manager", "auditor"}
    assert min(found["groups"].values()) > 10
    assert found["events"] == [1, 0]
    assert found["status"] != "fallback" and found["order"][-1] != found["last"]
    assert found["pins"] == [found["pinned"]] and found["kept"] == 1
    assert found["proposed"] == 1 and found["chain"] == ["bob"]
    assert found["pages"] == 5 * [200]
    assert (found["asked"], found["still"], found["taken_back"]) == (200, 1, 1)
    assert found["left"] == [0, 0, 0] and found["of_nobody"] == 0
    assert found["problems"] == []
    assert found["months"] == (2 if is_postgres else 0)


STALE = """
import json, sqlite3, sys, django
django.setup()
from django.conf import settings
from django.contrib.auth.models import User
from django.core import checks
from django.core.management import call_command
from django.db import IntegrityError, connections, router, transaction
from webapp.audits.models import AuditReport
from webapp.codebooks.models import AliasMove
from webapp.subjects.models import Subject

def warned():
    ran = checks.run_checks(tags=["database"], databases=["default", "layouts"])
    return [one for one in ran if one.id == "layouts.W007"]

routers, router.routers = router.routers, []
call_command("migrate", verbosity=0)
ann = User.objects.create_user("ann")
Subject.objects.create(key="django:1", user=ann)
router.routers = routers
call_command("migrate", database="layouts", verbosity=0)
before = warned()

def deleted():
    try:
        with transaction.atomic():
            User.objects.get(pk=ann.pk).delete()
    except IntegrityError:
        return False
    return True

found = {"before": [one.msg for one in before], "hint": before[0].hint, "barred": not deleted()}
with connections["default"].cursor() as cursor:
    for statement in before[0].hint.partition("--database default: ")[2].rstrip(";").split(";"):
        cursor.execute(statement)
found["deleted"], found["after"] = deleted(), len(warned())
print(json.dumps(found))
"""


def test_tables_that_a_router_left_behind_are_named_with_what_drops_them(tmp_path):
    site(tmp_path, settings=SETTINGS + SQLITE, urls=URLS, router=ROUTER)

    found = json.loads(run(tmp_path, "-c", STALE).splitlines()[-1])

    (said,) = found["before"]
    assert "'default'" in said and "subjects_subject" in said and "codebooks_aliasmove" in said
    assert "auth_user" not in found["hint"]
    assert found["barred"] and found["deleted"] and found["after"] == 0


def test_groups_made_apart_may_what_the_migrations_let_them(db):
    together = {
        group.name: {
            (right.content_type.app_label, right.codename)
            for right in group.permissions.select_related("content_type")
        }
        for group in Group.objects.all()
    }
    assert {name: set(paths) for name, paths in groups_wanted().items()} == together


def routed(monkeypatch: pytest.MonkeyPatch, **places: str) -> None:
    """Sets a router. places: database by action and app, such as `write_trials`."""

    class Router:
        def db_for_read(self, model, **_):
            return self._found("read", model)

        def db_for_write(self, model, **_):
            return self._found("write", model)

        def _found(self, action, model):
            app = model._meta.app_label.removeprefix("uiengine_")
            return places.get(f"{action}_{app}")

    monkeypatch.setattr(router, "routers", [Router()])


@pytest.mark.parametrize(
    ("places", "id", "says"),
    [
        ({"write_trials": "other"}, "layouts.E008", "is in the database 'other'"),
        ({"read_subjects": "replica"}, "layouts.E009", "read from 'replica' and written"),
    ],
)
def test_a_router_that_parts_our_tables_is_refused_by_name(monkeypatch, places, id, says):
    routed(monkeypatch, **places)

    found = routing_check()

    app = next(iter(places)).partition("_")[2]
    assert {error.id for error in found} == {id}
    assert {error.obj._meta.app_label for error in found} == {f"uiengine_{app}"}
    assert all(isinstance(e, Error) and says in e.msg and "uiengine_" in e.hint for e in found)


@pytest.mark.parametrize(
    ("shared", "own", "named"),
    [
        ([], [], "Our apps"),
        (["django.contrib.auth"], ["webapp.subjects", "webapp.surfaces"], "webapp.subjects"),
        (["webapp.subjects"], ["django.contrib.auth"], "django.contrib.auth"),
        (["webapp.subjects", "django.contrib.auth"], ["shop"], ""),
    ],
)
def test_a_schema_for_each_tenant_is_refused_unless_ours_are_shared(
    monkeypatch, shared, own, named
):
    engine = {"ENGINE": "django_tenants.postgresql_backend"}
    given = {"DATABASES": {"default": engine}, "SHARED_APPS": shared, "TENANT_APPS": own}
    for name, value in given.items():
        monkeypatch.setitem(settings.__dict__, name, value)

    found = tenants_check()

    assert [error.id for error in found] == (["layouts.E010"] if named else [])
    assert all(named in error.msg and "SHARED_APPS" in error.hint for error in found)


def test_nothing_of_ours_means_the_default_database_without_asking():
    bare = re.compile(r"^from django\.db import .*\b(connection|transaction)\b", re.MULTILINE)
    room = Path(database.__file__)
    found = [
        str(path)
        for path in room.parents[1].rglob("*.py")
        if path != room and path.parent.name != "migrations" and bare.search(path.read_text())
    ]
    assert found == []
