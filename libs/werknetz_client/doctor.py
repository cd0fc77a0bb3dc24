"""What stands between a user and an answer: each check says what is true and what to do."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from werknetz.runtime.settings import SettingMissing, secret_env
from werknetz_client.client import Client
from werknetz_client.errors import Answered, WerknetzError

CLOCK_S_MAX: Final = 5.0
CONNECT_S: Final = 3.0
_SERVERS: Final = (
    ("WERKNETZ_DATABASE_URL", "database", 5432),
    ("WERKNETZ_REDIS_URL", "redis", 6379),
    ("WERKNETZ_BROKER_URL", "task broker", 6379),
    ("WERKNETZ_MQTT_URL", "mqtt", 1883),
)


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    good: bool
    told: str
    remedy: str = ""


def examine() -> list[Finding]:
    """Check everything that can be checked from here."""
    findings: list[Finding] = []
    try:
        client = Client(timeout_s=CONNECT_S)
    except (WerknetzError, SettingMissing) as error:
        return [Finding("settings", False, str(error), getattr(error, "hint", ""))]
    with client:
        findings += _api(client)
    for name, what, port in _SERVERS:
        found = _server(name, what, port)
        if found is not None:
            findings.append(found)
    return findings


def _api(client: Client) -> list[Finding]:
    url = client.core.transport.url
    try:
        told = client.wait(client.core.get("/info"))
    except WerknetzError as error:
        return [Finding("API", False, str(error), error.hint)]
    found = [Finding("API", True, f"{url} is {told['name']} {told['version']}")]
    behind = abs((datetime.now(UTC) - datetime.fromisoformat(told["now"])).total_seconds())
    found.append(
        Finding(
            "clock",
            behind <= CLOCK_S_MAX,
            f"{behind:.1f} s apart from the server's",
            "Let both machines follow one NTP server.",
        )
    )
    found.append(_attempt("ready", lambda: str(client.wait(client.core.get("/health/ready")))))
    found.append(_key(client))
    return found


def _key(client: Client) -> Finding:
    if client.core.transport.key is None:
        return Finding(
            "key",
            False,
            "there is none",
            "Set WERKNETZ_API_KEY; `werknetz keys create NAME` on the server makes one.",
        )
    return _attempt("key", lambda: f"it sees {len(client.plants.list())} plants")


def _attempt(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except Answered as error:
        return Finding(what, False, f"{error.status}: {error}", error.hint)
    except WerknetzError as error:
        return Finding(what, False, str(error), error.hint)


def _server(name: str, what: str, default_port: int) -> Finding | None:
    """Return whether a server of the environment can be reached; None: it is not named."""
    try:
        url = secret_env(name)
    except SettingMissing as error:
        return Finding(what, False, str(error), f"Correct {name}_FILE.")
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        place = (parts.hostname or "127.0.0.1", parts.port or default_port)
    except ValueError:
        return Finding(what, False, f"{name} is not a URL", "Write scheme://host:port.")
    try:
        with socket.create_connection(place, CONNECT_S):
            return Finding(what, True, f"{place[0]}:{place[1]} answers")
    except OSError as error:
        return Finding(
            what, False, f"{place[0]}:{place[1]}: {error}", f"Start it, or correct {name}."
        )
