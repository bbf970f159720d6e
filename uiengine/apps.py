"""Imported by Django where "uiengine" is in INSTALLED_APPS: refuses a foreign `webapp`."""

from uiengine.package_names import clash_sentence

if _clash := clash_sentence("webapp"):
    raise ImportError(_clash)
