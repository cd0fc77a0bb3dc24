"""Servers are connected to in one place each, so that TLS and its errors are alike everywhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The call, where it may stand, and what all others use.
WAYS = (
    (r"asyncpg\.connect\(", {"libs/werknetz/store/database_url.py"}, "open_connection"),
    (
        r"\bcreate_pool\((?!.*connect=)",
        {"services/werknetz_worker/session.py", "libs/werknetz/store/session.py"},
        "open_connection",
    ),
    (r"\bRedis\.from_url\(|\bRedis\((?!\))", set(), "connect_redis"),
    (r"\bPool\.from_url\(", {"libs/werknetz/link/redis_client.py"}, "connect_redis"),
    (
        r"\.tls_set\(",
        {"services/werknetz_edge/mqtt/client.py",
         "services/werknetz_simulator/protocols/broker_tls.py"},
        "build_client or set_up_tls",
    ),
    (r"\bCelery\(", {"services/werknetz_worker/app.py"}, "create_celery"),
)  # fmt: skip
# Servers of the demo, which it starts itself on the loopback without TLS.
EMBEDDED = "services/werknetz_demo/embedded/"


@pytest.mark.parametrize(("call", "places", "instead"), WAYS)
def test_a_server_is_connected_to_in_one_place(call: str, places: set[str], instead: str) -> None:
    others = [
        f"{name}:{number}: use {instead}"
        for shelf in ("libs", "services")
        for path in sorted((ROOT / shelf).rglob("*.py"))
        if (name := str(path.relative_to(ROOT))) not in places and not name.startswith(EMBEDDED)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(call, line)
    ]
    assert not others


def test_every_engine_of_sqlalchemy_opens_its_connections_alike() -> None:
    for shelf in ("libs", "services"):
        for path in (ROOT / shelf).rglob("*.py"):
            text = path.read_text()
            engines = text.count("create_async_engine(")
            assert text.count("async_creator=") == engines, path
