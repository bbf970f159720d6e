"""The button on a version's page, and who may press it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User

from webapp.evidence.bundle import bundle_read, seal_problems

pytestmark = pytest.mark.django_db
SEES = ("view_codebookversion", "view_gatereport", "view_aliasmove", "view_auditreport")


def staff(name: str, *permissions: str) -> User:
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def test_whoever_sees_the_reports_gets_the_bundle(client, bundle, version, course, tmp_path):
    client.force_login(staff("ada", *SEES))
    page = f"/admin/uiengine_codebooks/codebookversion/{version.pk}/change/"
    address = f"/admin/studio/evidence/{version.pk}/{course.pk}/"
    assert address in client.get(page).content.decode()
    answer = client.get(address)
    assert f"evidence-{version.name}.zip" in answer["Content-Disposition"]
    path = tmp_path / "download.zip"
    path.write_bytes(b"".join(answer.streaming_content))
    assert seal_problems(bundle_read(path)) == []


def test_whoever_may_not_see_one_of_the_reports_gets_nothing(client, bundle, version, course):
    client.force_login(staff("bob", *SEES[:-1]))
    page = f"/admin/uiengine_codebooks/codebookversion/{version.pk}/change/"
    address = f"/admin/studio/evidence/{version.pk}/{course.pk}/"
    assert address not in client.get(page).content.decode()
    assert client.get(address).status_code == 403
