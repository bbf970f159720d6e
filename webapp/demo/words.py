"""Visible words of the fixtures and the panel, marked for `manage.py makemessages`."""

from __future__ import annotations

from django.utils.translation import gettext_noop

TITLES = (
    gettext_noop("Announcements"),
    gettext_noop("This week’s study guide"),
    gettext_noop("Course forum"),
    gettext_noop("About the course"),
    gettext_noop("Assignments"),
    gettext_noop("Library and links"),
    gettext_noop("Downloads"),
    gettext_noop("Practice quizzes"),
    gettext_noop("Live tutorials"),
    gettext_noop("Glossary"),
)
HABITS = (
    gettext_noop("forum reader"),
    gettext_noop("quiz person before the exam"),
    gettext_noop("reads week by week"),
    gettext_noop("downloads everything"),
    gettext_noop("lives in the live room"),
    gettext_noop("follows links"),
    gettext_noop("checks assignments"),
    gettext_noop("looks words up"),
    gettext_noop("a bit of everything"),
    gettext_noop("new student"),
)
STATUSES = {
    "adapted": gettext_noop("adapted"),
    "default": gettext_noop("default"),
    "frozen": gettext_noop("frozen"),
    "dry_run": gettext_noop("dry run"),
    "fallback": gettext_noop("fallback"),
}
"""A layout's status as the side panel shows it."""
