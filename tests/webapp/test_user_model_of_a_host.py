"""A user model of the host's own: UUID key, e-mail as login, no user name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.webapp.foreign_host import run, site

SETTINGS = """
INSTALLED_APPS = ["mysite.people", "django.contrib.admin", "django.contrib.messages",
                  *INSTALLED_APPS]
AUTH_USER_MODEL = "people.Person"
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES[0]["OPTIONS"]["context_processors"] += [
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages"]
ALLOWED_HOSTS = ["testserver"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
"""
URLS = """
from django.contrib import admin
from django.urls import include, path
urlpatterns = [path("api/", include("webapp.layouts.urls")), path("admin/", admin.site.urls)]
"""
MODELS = """
from uuid import uuid4
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

class People(BaseUserManager):
    def create_superuser(self, mail, password):
        person = self.model(mail=mail, is_superuser=True, is_staff=True)
        person.set_password(password)
        person.save()
        return person

class Person(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid4)
    mail = models.EmailField(unique=True)
    is_staff = models.BooleanField(default=False)
    objects = People()
    USERNAME_FIELD = "mail"
    EMAIL_FIELD = "mail"
"""
STEPS = """
import json, django
django.setup()
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from webapp.audits.mail import recipients
from webapp.codebooks.gate.promotion import innate_ship
from webapp.codebooks.models import Alias, AliasMove, CodebookVersion, Pipeline
from webapp.codebooks.models import Proposal, Rollout, Run
from webapp.surfaces.services import surface_save

call_command("migrate", verbosity=0)
block = {"sizes": {"*": {"default": [1, 1]}}}
page = {"slug": "home", "title": "Home", "breakpoints": [{"name": "all", "min_width": 0,
        "columns": 2}], "blocks": [{"id": i, "title": i, **block} for i in ("a", "b", "c")]}
surface = surface_save(page)
surface = surface if hasattr(surface, "pk") else surface[0]
innate_ship()
version = CodebookVersion.objects.get()
ann = get_user_model().objects.create_superuser("ann@example.org", "secret")
ann.groups.add(Group.objects.get_or_create(name="auditor")[0])
client = Client()
client.force_login(ann)
found = {"recipients": recipients(), "layout": client.get("/api/layout?surface=home").status_code}

def step(name, page, args, **data):
    found[name] = client.post(reverse(f"admin:{page}", args=args), data).status_code

step("retrain", "uiengine_surfaces_surface_retrain", [surface.pk], why="try")
step("audit", "uiengine_codebooks_codebookversion_audit", [version.pk, surface.pk])
Alias.objects.filter(name="champion").delete()
promote = "uiengine_codebooks_codebookversion_promote"
step("promote", promote, [version.pk], surface=surface.pk, why="now")
files = {"folder": version.folder, "manifest": version.manifest, "card": version.card}
other = CodebookVersion.objects.create(name="other", **files)
step("challenge", "uiengine_codebooks_codebookversion_challenge", [other.pk],
    surface=surface.pk, share=0, why="try")
step("end", "uiengine_surfaces_surface_unchallenge", [surface.pk], why="tried")
Pipeline.objects.update(state=Pipeline.State.FAILED)
step("refresh", "uiengine_surfaces_surface_refresh", [surface.pk])
Alias.objects.filter(name="champion").delete()
Rollout.objects.update_or_create(surface=surface, defaults={"needs_two": True})
step("propose", promote, [version.pk], surface=surface.pk, why="now")
found["proposed_by"] = [str(row.by) for row in Proposal.objects.all()]
asked = [*Pipeline.objects.all(), *Run.objects.all()]
found["asked_by"] = sorted({row.asked_by for row in asked})
found["moved_by"] = sorted({move.by_name for move in AliasMove.objects.all()})
print(json.dumps(found))
"""

LONG_KEY = """
import json, django
django.setup()
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from webapp.subjects.keys import account_key, user_token_make
from webapp.subjects.models import Event, Subject
from webapp.surfaces.services import surface_save

call_command("migrate", verbosity=0)
block = {"sizes": {"*": {"default": [1, 1]}}}
surface_save({"slug": "home", "title": "Home", "breakpoints": [{"name": "all", "min_width": 0,
    "columns": 2}], "blocks": [{"id": i, "title": i, **block} for i in ("a", "b", "c")]})
mail = "a" * 235 + "@example.org"
ann, bob = (get_user_model().objects.create_superuser(m, "secret") for m in (mail, "b" + mail[1:]))
client, now = Client(), timezone.now().isoformat()
client.force_login(ann)
token = user_token_make(key=f"django:{mail}", now=timezone.now())
statuses = []
for headers in ({}, {"Authorization": f"Bearer {token}"}):
    layout = client.get("/api/layout?surface=home", headers=headers).json()
    event = {"id": f"e{len(headers)}", "at": now, "type": "use", "block": "a"}
    body = {"decision": layout["decision"], "events": [event]}
    answer = client.post("/api/events", body, "application/json", headers=headers)
    statuses.append([answer.status_code, answer.json()["accepted"]])
stored = Subject.objects.values_list("key", flat=True)
found = {"statuses": statuses, "characters": [len(key) for key in stored],
         "apart": account_key(ann.pk) != account_key(bob.pk), "events": Event.objects.count()}
ann.delete()
found["left"] = Subject.objects.count()
found["refused"] = client.get("/api/me", headers={"Authorization": f"Bearer {token}"}).status_code
print(json.dumps(found))
"""


@pytest.fixture
def host(tmp_path: Path) -> Path:
    return site_with(tmp_path, MODELS)


def site_with(tmp_path: Path, models: str) -> Path:
    site(tmp_path, settings=SETTINGS, urls=URLS)
    people = tmp_path / "mysite" / "people"
    (people / "migrations").mkdir(parents=True)
    for name, text in (("__init__", ""), ("models", models), ("migrations/__init__", "")):
        (people / f"{name}.py").write_text(text)
    run(tmp_path, "-m", "django", "makemigrations", "people", "--verbosity", "0")
    return tmp_path


def test_every_step_of_the_admin_works_with_it(host):
    shown = json.loads(run(host, "-c", STEPS).splitlines()[-1])

    assert shown == {
        "layout": 200,
        "retrain": 302,
        "audit": 302,
        "promote": 302,
        "challenge": 302,
        "end": 302,
        "refresh": 302,
        "propose": 302,
        "proposed_by": ["ann@example.org"],
        "asked_by": ["ann@example.org"],
        "moved_by": ["ann@example.org", "engine"],
        "recipients": ["ann@example.org"],
    }


def test_an_e_mail_of_247_characters_may_be_the_primary_key(tmp_path):
    """A key has 200 characters at most, and PostgreSQL refuses a longer one."""
    models = MODELS.replace("    id = models.UUIDField(primary_key=True, default=uuid4)\n", "")
    models = models.replace("EmailField(unique=True)", "EmailField(primary_key=True)")
    host = site_with(tmp_path, models)

    shown = json.loads(run(host, "-c", LONG_KEY).splitlines()[-1])

    assert shown == {
        "statuses": [[202, 1], [202, 1]],
        "characters": [len("django:#") + 64],
        "apart": True,
        "events": 2,
        "left": 0,
        "refused": 401,
    }


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ('EMAIL_FIELD = "mail"', 'EMAIL_FIELD = "address"', "uiengine_audits.W002"),
        ("(AbstractBaseUser, PermissionsMixin)", "(AbstractBaseUser)", "uiengine_audits.W001"),
    ],
)
def test_a_check_says_what_the_model_closes(host, before, after, found):
    models = host / "mysite" / "people" / "models.py"
    models.write_text(models.read_text().replace(before, after))
    code = (
        "import django; django.setup(); from webapp.audits.checks import user_model_check;"
        "print(*[message.id for message in user_model_check()])"
    )

    assert run(host, "-c", code).split() == [found]
