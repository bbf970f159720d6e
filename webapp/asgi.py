"""The ASGI application: `uvicorn --lifespan off webapp.asgi:application`, or any other server."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

application = get_asgi_application()

from django.db import connections  # noqa: E402 - once all apps are ready

from webapp.layouts.answer.warm_up import garbage_settle, rest, warm_up  # noqa: E402

for database in connections.settings.values():
    database["CONN_MAX_AGE"] = 0  # each request has a thread of its own, which ends with it
warm_up()
rest()
garbage_settle()
