"""Hypothesis settings for all tests."""

from hypothesis import HealthCheck, settings

# No deadline: on a busy machine examples may take any time.
settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")
