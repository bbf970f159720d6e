"""`manage.py event_months`: makes and drops monthly partitions of events, as the nightly task
does."""

from __future__ import annotations

from typing import Any

from webapp.lib import database
from webapp.lib.database_command import DatabaseCommand
from webapp.lib.times import utc_now
from webapp.privacy.retention import months_renew
from webapp.subjects.partitions import months


class Command(DatabaseCommand):
    help = (
        "Makes the coming months of events and drops those that no surface keeps any more, as the "
        "nightly retention does. In SQLite events are one table, and nothing is done."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        if not database.is_postgres():
            self.stdout.write("Events are one table: there are months in PostgreSQL only.")
            return
        done = months_renew(now=utc_now())
        for what, names in done.items():
            self.stdout.write(f"{what}: {', '.join(names) or 'none'}")
        self.stdout.write(f"months: {', '.join(month.name for month in months())}")
