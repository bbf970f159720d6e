"""Fixtures: admin users, an owner, an auditor with access to aggregates, a stranger without any."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.webapp.codebooks.conftest import cohort, course, trained, version

__all__ = ["cohort", "course", "trained", "version"]

AUDITOR = ("view_surface", "view_codebookversion", "view_auditreport", "view_run")


def staff(name: str, permissions: tuple[str, ...] = ()) -> Client:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def owner(admin_client):
    return admin_client


@pytest.fixture
def auditor(db):
    return staff("auditor", AUDITOR)


@pytest.fixture
def stranger(db):
    """Staff without any permission."""
    return staff("stranger")
