"""README's way from an e-shop's export in two formats to a rehearsal and the first adapted page."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.template import engines
from django.test import RequestFactory

from tests.webapp.shop_export import BLOCKS, write
from webapp.codebooks.gate.promotion import INNATE_FOLDER
from webapp.codebooks.registry.aliases import version_register
from webapp.lib.refresher import refresher
from webapp.subjects.models import Profile
from webapp.surfaces.services import surface_save

SECTION = (
    (Path(__file__).parents[3] / "README.md")
    .read_text()
    .split("## From an export to the first adapted page")[1]
    .split("\n## ")[0]
)
COMMANDS = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)[0].splitlines()
KEYS = re.findall(r"```csv\n(.*?)```", SECTION, re.DOTALL)[0]


@pytest.mark.django_db
def test_the_commands_of_the_readme_lead_to_a_page_by_what_was_used(tmp_path, monkeypatch, capsys):
    write(tmp_path / "exports", people=60)
    monkeypatch.chdir(tmp_path)
    ada = User.objects.create_user("ada", pk=1)
    (tmp_path / "keys.csv").write_text(KEYS)
    version_register(source=INNATE_FOLDER, name="innate")
    sizes = {"*": {"default": [1, 2]}}
    surface_save(
        {
            "slug": "home",
            "title": "Home",
            "breakpoints": [{"name": "desktop", "min_width": 0, "columns": 3}],
            "blocks": [{"id": b, "title": title, "sizes": sizes} for b, title in BLOCKS.items()],
        }
    )

    for command in COMMANDS:
        python, manage, *words = shlex.split(command)
        assert (python, manage) == ("python", "manage.py")
        call_command(*words)

    assert "Three people's weeks" in (tmp_path / "rehearsal.html").read_text().replace(
        "&#x27;", "'"
    )
    assert "Too few people to tell" in capsys.readouterr().out
    assert Profile.objects.count() == 60  # devices of both tools are their people
    mine = Profile.objects.get(subject__key="django:1").state["profile"]["blocks"]
    favourites = sorted(mine, key=lambda block: -mine[block]["uses"])[:2]
    refresher.clear()
    request = RequestFactory().get("/")
    request.user = ada
    tag = '{% load adaptive_layout %}{% adaptive_layout "home" %}'
    html = engines["django"].from_string(tag).render({}, request)
    order = re.findall(r'data-block="([^"]+)"', html)
    assert set(favourites) <= set(order[:3]) and order != list(BLOCKS)
