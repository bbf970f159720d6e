"""The WSGI application: `waitress-serve webapp.wsgi:application`, or any other server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

application = get_wsgi_application()

from webapp.layouts.answer.warm_up import garbage_settle, rest, warm_up  # noqa: E402 - once all apps are ready

warm_up()
rest()
garbage_settle()
