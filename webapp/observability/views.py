"""/metrics, /health/live and /health/ready."""

from __future__ import annotations

import logging
import secrets
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.core.exceptions import DisallowedHost
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from webapp.lib import database
from webapp.observability import gauges
from webapp.serving.pages import serving

log = logging.getLogger(__name__)
FORWARDED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded", "X-Real-IP")
_is_migrated = False


@login_not_required
@require_safe
@never_cache
def metrics_text(request: HttpRequest) -> HttpResponse:
    """Serves metrics to holders of METRICS_KEY; without a key, only to direct local requests."""
    if not _may_read(request):
        text = "Send METRICS_KEY as `Authorization: Bearer`, or ask from this machine directly.\n"
        return HttpResponse(text, status=403, content_type="text/plain; charset=utf-8")
    return HttpResponse(gauges.as_text(), content_type=CONTENT_TYPE_LATEST)


@login_not_required
@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """Returns 200 while the process answers; it checks nothing else. Restart it if this fails."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Returns 200 where requests may be sent here, else 503.

    Only database and pages decide: without the cache answers are just slower, and a version that
    cannot be loaded leaves the previous one serving.
    """
    found = {
        "database": _database(),
        "pages": _pages(),
        "cache": _cache(),
        "versions": _versions(),
    }
    is_ready = found["database"] == "ok" and found["pages"] == "ok"
    body = {"status": "ok" if is_ready else "not ready", **found}
    return JsonResponse(body, status=200 if is_ready else 503)


def _may_read(request: HttpRequest) -> bool:
    key = getattr(settings, "UIENGINE_METRICS_KEY", "")
    if key:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        return secrets.compare_digest(given.encode(errors="replace"), key.encode())
    is_here = request.META.get("REMOTE_ADDR", "") in ("127.0.0.1", "::1", "")
    is_past_proxy = any(name in request.headers for name in FORWARDED)
    return is_here and not is_past_proxy and _is_named_here(request)


def _is_named_here(request: HttpRequest) -> bool:
    """Says whether the Host is in ALLOWED_HOSTS or an IP address.

    Other names are refused because another site's page can make them resolve to this machine (DNS
    rebinding).
    """
    with suppress(DisallowedHost):
        return bool(request.get_host())
    with suppress(ValueError):
        ip_address(urlsplit(f"//{request.META.get('HTTP_HOST', '')}").hostname or "")
        return True
    return False


def _database() -> str:
    """Checks the connection, and pending migrations until the process has once seen none."""
    global _is_migrated
    try:
        connection = database.connection()
        if not _is_migrated:
            executor = MigrationExecutor(connection)
            if executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return f"migrations are missing: run {database.migrate_command()}"
            _is_migrated = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:
        log.warning("ready.database_unavailable", exc_info=True)
        return "unavailable"
    return "ok"


def _pages() -> str:
    try:
        return "ok" if serving.snapshot().pages else "none: run manage.py load_surfaces"
    except Exception:
        log.warning("ready.pages_unavailable", exc_info=True)
        return "unavailable"


def _versions() -> str:
    hangs = [f"{load.version} is loading for {load.seconds:.0f} s" for load in serving.late()]
    if hangs:
        return f"{'; '.join(hangs)}: see the storage, then restart this process"
    refused = ", ".join(serving.refused())
    return f"{refused} cannot be loaded: see the storage and the log" if refused else "ok"


def _cache() -> str:
    try:
        cache.set("ready", "ok", 10)
        return str(cache.get("ready", "does not keep what it is given"))
    except Exception:
        log.warning("ready.cache_unavailable", exc_info=True)
        return "unavailable"
