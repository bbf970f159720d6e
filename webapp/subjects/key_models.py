"""Tables of server keys and of user tokens that were revoked."""

from __future__ import annotations

from django.db import models

from webapp.lib.utc_field import UTCDateTimeField


class Scope(models.TextChoices):
    """Permissions of a server key, for any subject."""

    LAYOUT_READ = "layout:read", "Ask for layouts"
    EVENTS_WRITE = "events:write", "Send events and wishes"
    SUBJECTS_ADMIN = "subjects:admin", "Export and erase"


def every_scope() -> list[str]:
    return list(Scope.values)


class ServerKey(models.Model):
    """A key for a server that may act for any subject, named by its bare key. Only its hash is
    stored."""

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the secret.")
    scopes = models.JSONField(default=every_scope, help_text="What it allows.")
    created_at = UTCDateTimeField(auto_now_add=True)
    revoked_at = UTCDateTimeField(null=True, blank=True)

    class Meta:
        db_table = "subjects_serverkey"
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class RevokedToken(models.Model):
    """A user token that is refused before it expires. The row does not say whose it was."""

    token_id = models.CharField(max_length=60, unique=True)
    expires_at = UTCDateTimeField(help_text="From then on it is refused anyway.")
    revoked_at = UTCDateTimeField()

    class Meta:
        db_table = "subjects_revokedtoken"
        ordering = ("-revoked_at",)

    def __str__(self) -> str:
        return self.token_id
