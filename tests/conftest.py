"""What every test shares: Hypothesis without a database of examples and without deadlines, because the
machine's speed is not ours.
"""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "pipeline",
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("pipeline")
