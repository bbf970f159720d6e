"""Saves at the same time, by connections of their own; `test_saves` runs this file elsewhere."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.urls import reverse

from tests.patience import PATIENCE
from tests.webapp.conftest import COURSE
from uiengine.errors import SurfaceError
from webapp.surfaces.definition_field import readable
from webapp.surfaces.models import Surface
from webapp.surfaces.services import surface_save

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = 10


def at_once(*steps: Any) -> list[Any]:
    """Runs each step by a connection of its own, as all of them meet; returns what they gave."""
    met = threading.Barrier(len(steps))

    def run(step: Any) -> Any:
        met.wait(PATIENCE)
        try:
            return step()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(steps)) as threads:
        return list(threads.map(run, steps))


def test_two_forms_that_were_opened_together_are_not_both_saved():
    owner = User.objects.create_superuser("owner")
    page = surface_save(COURSE)
    address = reverse("admin:uiengine_surfaces_surface_change", args=[page.pk])
    for number in range(TIMES):
        first, second = Client(), Client()
        for client in (first, second):
            client.force_login(owner)
        shown = first.get(address).context["adminform"].form
        typed = {name: shown[name].value() for name in shown.fields}
        heights = (100 + 2 * number, 101 + 2 * number)
        posts = [
            partial(
                client.post,
                address,
                {**typed, "definition": readable({**page.definition, "row_height": height})},
            )
            for client, height in zip((first, second), heights, strict=True)
        ]

        answers = at_once(*posts)

        assert sorted(answer.status_code for answer in answers) == [200, 302]
        saved = heights[[answer.status_code for answer in answers].index(302)]
        told = next(a for a in answers if a.status_code == 200)
        assert "changed since you opened" in told.content.decode()
        assert Surface.objects.get().definition["row_height"] == saved


def test_two_who_read_one_revision_do_not_both_save_it():
    page = surface_save(COURSE)

    def save(height: int, revision: int) -> int:
        try:
            surface_save({**COURSE, "row_height": height}, read_revision=revision)
        except SurfaceError:
            return 0
        return height

    for number in range(TIMES):
        revision = Surface.objects.get(pk=page.pk).revision
        heights = (100 + 2 * number, 101 + 2 * number)

        saved = at_once(*[partial(save, height, revision) for height in heights])

        assert saved.count(0) == 1
        assert Surface.objects.get(pk=page.pk).definition["row_height"] == sum(saved)
