"""Limits password guesses in the admin, by address and by user name.

A limit by name must not let strangers lock a user out. One address therefore cannot use up the
guesses of a name, a lock ends within minutes, and a browser in which the user signed in before (a
signed cookie tells) is counted separately, so that strangers' guesses never lock it. Names that do
not exist are treated like names that do, which hides whether a name exists.
"""

from __future__ import annotations

import hashlib
import logging
import time
import unicodedata

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from webapp.lib.addresses import address_of, network_of
from webapp.lib.cache import count_and_get

log = logging.getLogger(__name__)
WINDOW = 300
"""Seconds of a window. Counts restart with each window, so it is also the longest wait."""
MOST_OF_ADDRESS = 10
MOST_OF_NAME = 30
"""Wrong passwords per window. It takes four addresses together to use up a name, never one."""
KNOWN = "admin_known"
KNOWN_FOR = 365 * 86_400
"""Seconds for which a browser stays known after signing in."""


@login_not_required
@never_cache
@sensitive_post_parameters()
def login(request: HttpRequest) -> HttpResponse:
    """Serves Django's login page to requests that have guesses left, and 429 to the others."""
    if request.method != "POST":
        return admin.site.login(request)
    name = _normal(request.POST.get("username", ""))
    browser = _browser(request, name)
    limits = _limits(request, name, browser)
    if _is_over(limits):
        return _refused(request)
    response = admin.site.login(request)
    if response.status_code == 302:
        _give_back(limits)
        _remember(response, name, browser)
    return response


def _limits(request: HttpRequest, name: str, browser: str) -> dict[str, int]:
    """Returns the counters that a guess increments, in this order, with their limits."""
    if browser:
        return {_count("browser", f"{browser}:{name}"): MOST_OF_ADDRESS}
    address = network_of(address_of(request.META))
    return {_count("address", address): MOST_OF_ADDRESS, _count("name", name): MOST_OF_NAME}


def _is_over(limits: dict[str, int]) -> bool:
    """Increments the counters and checks the limits.

    Counting before the password check also counts guesses sent in parallel. An address that has
    used up its own limit is not counted against the name.
    """
    try:
        for key, most in limits.items():
            (count,), _found = count_and_get([key], (), WINDOW)
            if count > most:
                log.warning("login.throttled by %s", key.split(":")[1])
                return True
    except Exception:  # without the cache no login is refused
        log.warning("login.cache_unavailable", exc_info=True)
    return False


def _give_back(limits: dict[str, int]) -> None:
    """Takes back one count after a successful login.

    Other wrong passwords stay counted, so that an attacker cannot reset an address by signing in to
    an account of their own.
    """
    for key in limits:
        try:
            cache.decr(key)
        except ValueError:  # the window has ended
            continue
        except Exception:
            log.warning("login.cache_unavailable", exc_info=True)
            return


def _refused(request: HttpRequest) -> HttpResponse:
    wait = WINDOW - int(time.time()) % WINDOW
    minutes = -(-wait // 60)
    said = ngettext(
        "Too many attempts to sign in. Wait %(minutes)d minute and try again.",
        "Too many attempts to sign in. Wait %(minutes)d minutes and try again.",
        minutes,
    )
    context = {
        **admin.site.each_context(request),
        "title": _("Log in"),
        "app_path": request.get_full_path(),
        "form": AdminAuthenticationForm(request),
        "next": request.POST.get("next", ""),
        "said": said % {"minutes": minutes},
    }
    headers = {"Retry-After": str(wait)}
    return TemplateResponse(
        request, "uiengine_studio/too_many.html", context, status=429, headers=headers
    )


def _browser(request: HttpRequest, name: str) -> str:
    """Returns the id of a browser that signed in under this name before; else ""."""
    known = request.get_signed_cookie(KNOWN, "", salt=KNOWN, max_age=KNOWN_FOR)
    browser, _colon, of = (known or "").partition(":")
    return browser if of == _digest(name) else ""


def _remember(response: HttpResponse, name: str, browser: str) -> None:
    response.set_signed_cookie(
        KNOWN,
        f"{browser or get_random_string(22)}:{_digest(name)}",
        salt=KNOWN,
        max_age=KNOWN_FOR,
        path=reverse("admin:login"),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _normal(name: str) -> str:
    """Normalises a name as Django's form does, and its case, so that variants share one counter."""
    return unicodedata.normalize("NFKC", name.strip()).casefold()


def _count(kind: str, of: str) -> str:
    return f"login:{kind}:{_digest(of)}:{int(time.time() // WINDOW)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]
