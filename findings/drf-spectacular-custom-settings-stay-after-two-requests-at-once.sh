#!/usr/bin/env bash
# Guess: `custom_settings` of one schema view hold for its document alone, also where two threads serve
#   two documents at once, as gunicorn's gthread workers do.
# Really: they are set on the one settings object of the process, and what was there before is kept in
#   one dictionary. With two requests at once the second keeps the first one's settings as what was
#   there before; when both have ended, the first one's title and hooks stay for every other document
#   of the process, until it ends.
# Versions: drf-spectacular 0.30.0, djangorestframework 3.18.3, Django 5.2.19, Python 3.11.
# Source: drf_spectacular/settings.py, patched_settings and SpectacularSettings.apply_patches.
# Seen: the site's own document has its title before, and the title of another view after.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3.11 -m venv env
env/bin/pip install -q drf-spectacular==0.30.0 djangorestframework==3.18.3 Django==5.2.19
cat >try.py <<'PY'
import json
import threading

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["rest_framework", "drf_spectacular"],
    ROOT_URLCONF="try_urls",
    REST_FRAMEWORK={
        "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
    },
    SPECTACULAR_SETTINGS={"TITLE": "the site"},
)
django.setup()
from django.test import RequestFactory
from drf_spectacular.views import SpectacularJSONAPIView

begun, ended = threading.Event(), threading.Event()


def slow(endpoints):
    begun.set()
    ended.wait(10)
    return endpoints


def quick(endpoints):
    ended.set()
    first.join(10)
    return endpoints


def title(**custom):
    view = SpectacularJSONAPIView.as_view(custom_settings=custom or None)
    return json.loads(view(RequestFactory().get("/")).render().content)["info"]["title"]


print("the site's title before:", title())
first = threading.Thread(target=lambda: title(TITLE="shop", PREPROCESSING_HOOKS=["__main__.slow"]))
second = threading.Thread(target=lambda: title(TITLE="blog", PREPROCESSING_HOOKS=["__main__.quick"]))
first.start()
begun.wait(10)
second.start()
first.join(20)
second.join(20)
print("the site's title after:", title())
PY
echo 'urlpatterns = []' >try_urls.py
env/bin/python try.py | tee seen
grep -q "^the site's title before: the site$" seen
grep -q "^the site's title after: shop$" seen
