"""What every test has: real servers when it asks for them, and nothing left behind when it ends."""

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "plumbing.ports",
    "plumbing.servers",
    "plumbing.redis_cluster",
    "plumbing.mariadb",
    "plumbing.leftovers",
    "plumbing.longest_first",
]

# The same examples in every run, however slow the machine: a change fails a test, not its luck.
# `--hypothesis-profile search` looks for new ones.
settings.register_profile(
    "werknetz", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "search", deadline=None, max_examples=1_000, suppress_health_check=[HealthCheck.too_slow]
)
if settings.get_current_profile_name() in {"default", "ci"}:  # a mutation trial has chosen its own
    settings.load_profile("werknetz")
