"""Checks of what stands between a user and an answer; each gives a remedy where it fails."""

import socket
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import entry_points
from typing import Final
from urllib.parse import urlsplit

from werknetz.runtime.settings import SettingError, read_env
from werknetz.runtime.tls_probe import TlsRefused, needs_tls, shake_hands
from werknetz_client.audit.server import verify_log
from werknetz_client.client import Client, Row
from werknetz_client.commands.connectors import imbalance_of
from werknetz_client.commands.shop_floor.audit_chain import REMEDY, describe, describe_break
from werknetz_client.errors import ApiError, WerknetzError
from werknetz_client.transport import PAGE_MAX

CLOCK_S_MAX: Final = 5.0
SERVICE_CHECKS: Final = "werknetz.checks"
AUDIT_ENTRIES: Final = 1000  # the newest; `werknetz audit verify` verifies all
_UNVERIFIED: Final = {403: "the key may not read all of it", 404: "the server is older"}
NOT_COMPUTED: Final = "not_computed"
CONNECT_S: Final = 3.0
_SERVERS: Final = (
    ("WERKNETZ_DATABASE_URL", "database", 5432),
    ("WERKNETZ_REDIS_URL", "redis", 6379),
    ("WERKNETZ_BROKER_URL", "task broker", 6379),
    ("WERKNETZ_MQTT_URL", "mqtt", 1883),
)


@dataclass(frozen=True, slots=True)
class Check:
    subject: str
    passed: bool
    detail: str
    remedy: str = ""


def run_checks() -> list[Check]:
    """Check everything that can be checked from this machine."""
    checks: list[Check] = []
    try:
        client = Client(timeout_s=CONNECT_S)
    except (WerknetzError, SettingError) as error:
        return [Check("settings", False, str(error), getattr(error, "hint", ""))]
    with client:
        checks += _check_api(client)
    for variable, subject, port in _SERVERS:
        check = check_server(variable, subject, port)
        if check is not None:
            checks.append(check)
    return [*checks, *run_service_checks()]


def run_service_checks() -> list[Check]:
    """Return what the services that are installed here check of themselves."""
    points = sorted(entry_points(group=SERVICE_CHECKS), key=lambda point: point.name)
    return [Check(*values) for point in points for values in point.load()()]


def _check_api(client: Client) -> list[Check]:
    try:
        info = client.get("/info")
    except WerknetzError as error:
        return [Check("API", False, str(error), error.hint)]
    offset_s = abs((datetime.now(UTC) - datetime.fromisoformat(info["now"])).total_seconds())
    return [
        Check("API", True, f"{client.url} is {info['name']} {info['version']}"),
        Check(
            "clock",
            offset_s <= CLOCK_S_MAX,
            f"{offset_s:.1f} s apart from the server's",
            "Synchronize both machines with the same NTP server.",
        ),
        _attempt("ready", lambda: str(client.get("/health/ready"))),
        *run_provider_checks(client),
        _check_key(client),
        *run_connector_checks(client),
        *run_finding_checks(client),
        *run_audit_checks(client),
    ]


def run_provider_checks(client: Client) -> list[Check]:
    """Return a failed check for each provider of identities that does not answer the server."""
    try:
        providers = client.get("/health/ready").get("identity_providers") or []
    except WerknetzError:
        return []  # the check before says so
    return [
        Check(
            f"sign-in at {provider['name']}",
            provider["state"] == "ok",
            f"the provider is {provider['state']}",
            "Run `werknetz oidc check` on the server; keys and local accounts work meanwhile.",
        )
        for provider in providers
    ]


def run_connector_checks(client: Client) -> list[Check]:
    """Return a failed check for each finding of a connector, and whether its books balance."""
    if client.key is None:
        return []
    try:
        connectors = client.connectors.list()
    except WerknetzError as error:
        return [Check("connectors", False, str(error), error.hint)]
    findings = [
        Check(f"connector {connector['id']}", False, f"{kind}: {text}")
        for connector in connectors
        for kind, text in (connector.get("findings") or {}).items()
    ]
    return findings + _check_books([dict(row) for row in connectors if row.get("books")])


def run_finding_checks(client: Client) -> list[Check]:
    """Return how many findings are open; what cannot be computed is a failed check."""
    if client.key is None:
        return []
    try:
        rows = client.findings.list(open="true", fields="kind", limit=PAGE_MAX)
    except WerknetzError as error:
        return [Check("findings", False, str(error), error.hint)]
    counts = Counter(row["kind"] for row in rows)
    failed = counts.pop(NOT_COMPUTED, 0)
    checks = []
    if failed:
        checks.append(
            Check(
                "findings",
                False,
                f"{failed:,} open: something cannot be computed",
                f"`werknetz findings --kind {NOT_COMPUTED}` says which, and why.",
            )
        )
    if counts:
        kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(counts.items()))
        text = f"{counts.total():,} open, see `werknetz findings`: {kinds}"
        checks.append(Check("findings", True, text))
    return checks


def run_audit_checks(client: Client) -> list[Check]:
    """Return whether the newest part of the audit log is as it was written."""
    if client.key is None:
        return []
    subject = "audit log"
    try:
        verification = verify_log(client, newest=AUDIT_ENTRIES)
    except ApiError as error:
        why = _UNVERIFIED.get(error.status)
        if why is not None:
            return [Check(subject, True, f"not verified: {why}")]
        return [Check(subject, False, str(error), error.hint)]
    except WerknetzError as error:
        return [Check(subject, False, str(error), error.hint)]
    if verification.broken is not None:
        return [Check(subject, False, describe_break(verification), REMEDY)]
    text = f"{describe(verification)} `werknetz audit verify` verifies all."
    return [Check(subject, True, text)]


def _check_books(connectors: Sequence[Row]) -> list[Check]:
    """Check that each connector knows what became of everything that it took."""
    wrong = [row for row in connectors if not row["books"]["balanced"]]
    if connectors and not wrong:
        return [Check("books", True, f"those of {len(connectors)} connectors balance")]
    return [
        Check(
            f"books of {row['id']}",
            False,
            imbalance_of(row["books"]),
            "Records have no outcome, or two: keep the edge's spool and the raw input, compare "
            f"`werknetz connectors show {row['id']}` with the edge's log, and report both as a "
            "defect.",
        )
        for row in wrong
    ]


def _check_key(client: Client) -> Check:
    if client.key is None:
        return Check(
            "key",
            False,
            "none is configured",
            "Set WERKNETZ_API_KEY; `werknetz keys create NAME` on the server creates one.",
        )
    return _attempt("key", lambda: f"it may read {len(client.plants.list())} plants")


def _attempt(subject: str, question: Callable[[], str]) -> Check:
    try:
        return Check(subject, True, question())
    except ApiError as error:
        return Check(subject, False, f"{error.status}: {error}", error.hint)
    except WerknetzError as error:
        return Check(subject, False, str(error), error.hint)


def check_server(variable: str, subject: str, default_port: int) -> Check | None:
    """Return whether a server of the environment can be reached; None if it is not configured."""
    try:
        url = read_env(variable)
    except SettingError as error:
        return Check(subject, False, str(error), f"Correct {variable}_FILE.")
    if url is None:
        return None
    try:
        addresses = _addresses_of(url, default_port)
    except ValueError:
        return Check(subject, False, f"{variable} is not a URL", "Write scheme://host:port.")
    failures = []
    for address in addresses:
        where = f"{address[0]}:{address[1]}"
        try:
            return Check(subject, True, f"{where} {_connect(address, url, variable)}")
        except TlsRefused as error:
            return Check(subject, False, str(error))
        except OSError as error:
            failures.append(f"{where}: {error}")
    return Check(subject, False, "; ".join(failures), f"Start it, or correct {variable}.")


def _addresses_of(url: str, default_port: int) -> list[tuple[str, int]]:
    """Return host and port of each server: a cluster, or a database with a standby, has several."""
    parts = urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2].split(",")
    servers = [urlsplit(f"//{host}") for host in hosts]
    return [(server.hostname or "127.0.0.1", server.port or default_port) for server in servers]


def _connect(address: tuple[str, int], url: str, variable: str) -> str:
    """Connect, and verify the certificate where the URL names TLS; return what was found."""
    with socket.create_connection(address, CONNECT_S) as plain:
        if not needs_tls(url):
            return "answers"
        shake_hands(plain, url, variable, f"{address[0]}:{address[1]}")
    return "has a valid certificate"
