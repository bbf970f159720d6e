"""Settings that every test shares."""

from hypothesis import HealthCheck, settings

# A busy machine is no reason to fail: examples may take as long as they need.
settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")
