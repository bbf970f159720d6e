"""A field whose times are aware and in UTC, whatever USE_TZ and TIME_ZONE the host sets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models

from webapp.lib.times import as_utc


class UTCDateTimeField(models.DateTimeField):  # type: ignore[type-arg]
    """Django's own where USE_TZ is on. With USE_TZ off, Django would read and write naive times of
    TIME_ZONE; columns hold what they hold with it on."""

    def deconstruct(self) -> Any:
        """Migrations see Django's field: the columns are the same."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.DateTimeField", arguments, options

    def get_default(self) -> Any:
        return as_utc(super().get_default())

    def pre_save(self, instance: models.Model, add: bool) -> Any:
        value = as_utc(super().pre_save(instance, add))
        setattr(instance, self.attname, value)
        return value

    def get_prep_value(self, value: Any) -> Any:
        return as_utc(self.to_python(value))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if isinstance(value, datetime):
            return column_value(value, connection)
        return super().get_db_prep_value(value, connection, prepared)

    def get_db_converters(self, connection: Any) -> Any:
        own = [] if settings.USE_TZ else [_aware]
        return [*super().get_db_converters(connection), *own]


def column_value(value: datetime, connection: Any) -> Any:
    """Returns what the database's driver takes for a time."""
    value = as_utc(value)
    if connection.vendor == "sqlite" and not settings.USE_TZ:
        value = value.replace(tzinfo=None)  # its backend refuses aware times then
    return connection.ops.adapt_datetimefield_value(value)


def _aware(value: Any, expression: Any, connection: Any) -> Any:
    """SQLite's text is UTC; other databases answer in the time zone of the session."""
    if value is None or value.tzinfo is not None:
        return value
    zone = UTC if connection.vendor == "sqlite" else ZoneInfo(connection.timezone_name)
    return value.replace(tzinfo=zone).astimezone(UTC)
