"""`manage.py check`: what a user model of the host's own closes, and how to open it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import PermissionsMixin
from django.core.checks import CheckMessage, Warning

from webapp.audits.mail import GROUP, email_field


def user_model_check(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Warns where the user model knows no groups, or no e-mail address."""
    model = get_user_model()
    if not issubclass(model, PermissionsMixin):
        return [
            Warning(
                f"{model._meta.label} has no permissions: in the admin only superusers can "
                "promote, roll back, retrain, audit and acknowledge.",
                hint="Let the user model inherit django.contrib.auth.models.PermissionsMixin: its "
                "groups are the three roles. The commands (manage.py promote, …) need no user.",
                id="uiengine_audits.W001",
            )
        ]
    if not email_field():
        return [
            Warning(
                f"{model._meta.label} has no e-mail field: members of the group {GROUP} get no "
                "mail about audits that exceed.",
                hint="Name the field in EMAIL_FIELD of the user model, or list addresses in the "
                "setting UIENGINE_AUDIT_EMAILS.",
                id="uiengine_audits.W002",
            )
        ]
    return []
