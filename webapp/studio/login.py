"""Signing in to the admin: guesses are counted per address and per user name.

One may count names only where that locks nobody out. So an address alone cannot spend what a name
has, a lock ends within minutes, and a browser that its owner has signed in with before is counted
by itself (a signed cookie says so): what strangers try never keeps it out. Whether a name exists
makes no difference to any of it.
"""

from __future__ import annotations

import hashlib
import logging
import time
import unicodedata
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from webapp.lib.addresses import address_of
from webapp.lib.cache import count_and_get

log = logging.getLogger(__name__)
WINDOW = 300
"""Seconds. Counts begin anew with each window, so nobody waits longer."""
MOST_OF_ADDRESS = 10
MOST_OF_NAME = 30
"""Wrong passwords a window: a name is spent by four addresses together, never by one."""
KNOWN = "admin_known"
KNOWN_FOR = 365 * 86_400
"""Seconds that a browser is known for after it was signed in with."""


@never_cache
@sensitive_post_parameters()
def login(request: HttpRequest) -> HttpResponse:
    """Django's own page of signing in, for whoever has guesses left."""
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
    """The counts that a guess adds one to, in this order, and what each may come to."""
    if browser:
        return {_count("browser", f"{browser}:{name}"): MOST_OF_ADDRESS}
    address = _network(address_of(request.META))
    return {_count("address", address): MOST_OF_ADDRESS, _count("name", name): MOST_OF_NAME}


def _is_over(limits: dict[str, int]) -> bool:
    """Counts before the password is looked at: guesses sent side by side are all counted. What an
    address has no guesses left for is not counted against the name."""
    try:
        for key, most in limits.items():
            (count,), _found = count_and_get([key], (), WINDOW)
            if count > most:
                log.warning("login.throttled by %s", key.split(":")[1])
                return True
    except Exception:  # as everywhere with the cache away: nobody is refused
        log.warning("login.cache_unavailable", exc_info=True)
    return False


def _give_back(limits: dict[str, int]) -> None:
    """It was no guess. Other wrong passwords stay counted: an account of one's own buys no more."""
    for key in limits:
        try:
            cache.decr(key)
        except ValueError:  # its window is over
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
    return TemplateResponse(request, "studio/too_many.html", context, status=429, headers=headers)


def _browser(request: HttpRequest, name: str) -> str:
    """The id of a browser that was signed in with under this name before; else empty."""
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
    """As Django's form reads names; in one case, so that writing it otherwise is no new name."""
    return unicodedata.normalize("NFKC", name.strip()).casefold()


def _network(address: str) -> str:
    """Whoever has one IPv6 address has 2^64 of them."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        mapped = found.ipv4_mapped
        return str(mapped or ip_network((int(found), 64), strict=False))
    return address


def _count(kind: str, of: str) -> str:
    return f"login:{kind}:{_digest(of)}:{int(time.time() // WINDOW)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]
