"""Events that tools send by themselves of sessions, of the app and of who somebody is.

They name a page or a screen at most in passing: none of them is a use of a block.
"""

from __future__ import annotations

import re

NAMES = (
    # GA4
    "session_start",
    "first_visit",
    "first_open",
    "user_engagement",
    "app_remove",
    "app_update",
    "app_clear_data",
    "app_exception",
    "os_update",
    # Segment, PostHog and Amplitude, which begins them with [Amplitude]
    "Application Installed",
    "Application Opened",
    "Application Updated",
    "Application Backgrounded",
    "Application Foregrounded",
    "Application Became Active",
    "Application Crashed",
    "Application Uninstalled",
    "identify",
    # Amplitude
    "session_end",
    "Start Session",
    "End Session",
    "App Installed",
    "App Opened",
    "App Updated",
    # Mixpanel, of which some begin with $ae_
    "$ae_session",
    "$ae_first_open",
    "$ae_updated",
    "$ae_crashed",
    "$merge",
    # PostHog
    "$pageleave",
    "$create_alias",
    "$merge_dangerously",
    "$groupidentify",
    "$set",
    # Snowplow
    "page_ping",
    "application_install",
    "application_background",
    "application_foreground",
    "application_error",
    # of one's own
    "app_open",
    "app_close",
    "app_closed",
    "app_start",
    "app_started",
    "session_started",
    "session_ended",
)


def is_lifecycle(event: str) -> bool:
    """Whatever the case and punctuation of the event's name."""
    return plain(re.sub(r"^\s*\[amplitude\]", "", event, flags=re.IGNORECASE)) in _PLAIN


def plain(text: str) -> str:
    return re.sub(r"\W|_", "", text).casefold()


_PLAIN = frozenset(map(plain, NAMES))
