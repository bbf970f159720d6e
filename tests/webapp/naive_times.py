"""Settings of a host with USE_TZ off and a time zone of its own."""

from webapp.settings import *  # noqa: F403

USE_TZ = False
TIME_ZONE = "America/New_York"
