"""The environment variables of Werknetz, and the check for unknown ones at process start.

One table for all processes: they often share an environment (a shell, a compose file). A
misspelled variable would leave a default in force without notice, so it is an error.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

from werknetz.runtime.settings import SettingError

PREFIX: Final = "WERKNETZ_"

Reader = Literal[
    "all", "core", "ingest", "worker", "edge", "simulator", "client", "compose", "tests", "build"
]


@dataclass(frozen=True, slots=True)
class EnvironmentVariable:
    """One variable: who reads it, and what it sets."""

    name: str
    readers: tuple[Reader, ...]
    description: str
    has_file_form: bool = True  # NAME_FILE names a file that holds the value


def _plain(name: str, readers: tuple[Reader, ...], description: str) -> EnvironmentVariable:
    return EnvironmentVariable(name, readers, description, has_file_form=False)


VARIABLES: Final = (
    EnvironmentVariable(
        "WERKNETZ_DATABASE_URL", ("core", "ingest", "worker"), "PostgreSQL that stores everything."
    ),
    EnvironmentVariable(
        "WERKNETZ_REDIS_URL", ("core", "ingest", "worker", "edge"),
        "Redis streams between edge and core; ETags of the API.",
    ),
    EnvironmentVariable(
        "WERKNETZ_BROKER_URL", ("worker",), "Redis that queues the tasks of the workers."
    ),
    EnvironmentVariable("WERKNETZ_MQTT_URL", ("simulator",), "MQTT broker of simulated plants."),
    EnvironmentVariable(
        "WERKNETZ_WEBHOOK_URL", ("core",), "Webhook edge that receives events posted to the API."
    ),
    EnvironmentVariable("WERKNETZ_WEBHOOK_KEY", ("core",), "Its API key."),
    EnvironmentVariable(
        "WERKNETZ_RATE_PER_S", ("core",), "Requests per second of one API key; 0: no limit."
    ),
    EnvironmentVariable("WERKNETZ_RATE_BURST", ("core",), "Requests of one API key at once."),
    EnvironmentVariable(
        "WERKNETZ_WRONG_KEYS_PER_MIN", ("core",),
        "Wrong API keys of one address per minute (10); 0: no limit.",
    ),
    EnvironmentVariable(
        "WERKNETZ_KEY_REQUESTS_MAX", ("core",), "Requests of one API key in flight in one process."
    ),
    EnvironmentVariable(
        "WERKNETZ_WIDE_REQUESTS_MAX", ("core",), "Wide requests in flight, of all keys."
    ),
    EnvironmentVariable(
        "WERKNETZ_WIDE_STATEMENT_TIMEOUT_S", ("core",), "Longest statement of a wide request."
    ),
    EnvironmentVariable(
        "WERKNETZ_WIDE_PROCESS", ("core",), "0: no process of its own answers wide requests."
    ),
    EnvironmentVariable(
        "WERKNETZ_TOTP_KEY", ("core",), "Encrypts second factors; 32 random characters or more.",
    ),
    EnvironmentVariable(
        "WERKNETZ_ROWS_KEY", ("core",),
        "Signs whose rows the API's database user may see; 64 hexadecimal digits.",
    ),
    EnvironmentVariable("WERKNETZ_WORKERS", ("core",), "API processes of this host."),
    EnvironmentVariable(
        "WERKNETZ_WEIGHT_MAX", ("core",), "Weight from which a request is refused."
    ),
    EnvironmentVariable(
        "WERKNETZ_HTTP_CONNECTIONS", ("core",),
        "Open connections of the API in all (512). Where there are as many, a new one takes the "
        "place of one without a complete request; else it gets 503.",
    ),
    EnvironmentVariable(
        "WERKNETZ_HTTP_CONNECTIONS_PER_ADDRESS", ("core",),
        "Open connections of one IPv4 address or one IPv6 /64 network (128); else 429.",
    ),
    EnvironmentVariable(
        "WERKNETZ_HTTP_CONNECTIONS_PER_PROXY", ("core",),
        "The same for trusted proxies and the loopback (448).",
    ),
    EnvironmentVariable(
        "WERKNETZ_HTTP_HEADER_S", ("core",), "Seconds for the headers of a request (10)."
    ),
    EnvironmentVariable(
        "WERKNETZ_HTTP_IDLE_S", ("core",), "Seconds between two requests of a connection (30)."
    ),
    EnvironmentVariable(
        "WERKNETZ_HTTP_BODY_S", ("core",),
        "Seconds for the body of a request (15), and 1 s more for each 1,000 bytes of it.",
    ),
    EnvironmentVariable(
        "WERKNETZ_HTTP_WRITE_S", ("core",),
        "Seconds after which a client that does not read its answer is disconnected (30).",
    ),
    EnvironmentVariable(
        "WERKNETZ_TRUSTED_PROXIES", ("core",),
        "Addresses and networks of reverse proxies, separated by commas (none). Their "
        "X-Forwarded-For and X-Forwarded-Proto count.",
    ),
    EnvironmentVariable(
        "WERKNETZ_CORS_ORIGINS", ("core",),
        "Origins whose pages may call the API from a browser, separated by commas (none).",
    ),
    _plain("WERKNETZ_OIDC_CONFIG", ("core",), "TOML file of the providers that sign people in."),
    EnvironmentVariable(
        "WERKNETZ_OIDC_CLIENT_SECRET", ("core",),
        "Secret of this server at a provider, if `client_secret_env` names it.",
    ),
    _plain("WERKNETZ_TLS_CERT", ("core",), "PEM of the API's certificate and its chain."),
    _plain("WERKNETZ_TLS_KEY", ("core",), "PEM of its key."),
    _plain("WERKNETZ_ROOT_PATH", ("core",), "Path below which a proxy publishes the API."),
    EnvironmentVariable(
        "WERKNETZ_SAMPLES_RETENTION_DAYS", ("worker",), "Days before samples are dropped."
    ),
    EnvironmentVariable(
        "WERKNETZ_RAW_RETENTION_DAYS", ("worker",), "Days before raw input is dropped."
    ),
    EnvironmentVariable(
        "WERKNETZ_AUDIT_RETENTION_DAYS", ("worker",),
        "Days before whole months of the audit log are removed; none: never.",
    ),
    _plain("WERKNETZ_INGEST_METRICS_PORT", ("ingest",), "Port of the writer's /metrics."),
    _plain("WERKNETZ_OPCUA_PASSWORD", ("edge",), "Password of `werknetz connect`."),
    EnvironmentVariable("WERKNETZ_URL", ("client",), "The API that the command line uses."),
    EnvironmentVariable("WERKNETZ_API_KEY", ("client",), "Its API key."),
    _plain("WERKNETZ_ALIVE_FILE", ("all",), "File that a process touches while its loop runs."),
    _plain("WERKNETZ_LOG_LEVEL", ("all",), "DEBUG, INFO, WARNING or ERROR."),
    _plain("WERKNETZ_VERSION", ("compose",), "Tag of the container images."),
    _plain("WERKNETZ_BIND", ("compose",), "Host address on which the API is published."),
    _plain("WERKNETZ_PORT", ("compose",), "Host port on which the API is published."),
    _plain("WERKNETZ_EDGE_1", ("compose",), "Edge file of the first edge container."),
    _plain("WERKNETZ_EDGE_2", ("compose",), "Edge file of the second edge container."),
    _plain("WERKNETZ_EDGE_2_TLS", ("compose",), "The same for the second one with TLS."),
    _plain("WERKNETZ_POSTGRES_IMAGE", ("compose",), "Image; `make pin-images` adds its digest."),
    _plain("WERKNETZ_VALKEY_IMAGE", ("compose",), "Image of both Valkey servers."),
    _plain("WERKNETZ_MOSQUITTO_IMAGE", ("compose",), "Image of the MQTT broker."),
    _plain("WERKNETZ_WITHOUT_DASHBOARD", ("build",), "yes: packages are built without the page."),
    _plain("WERKNETZ_GRAFANA_IMAGE", ("compose",), "Image of Grafana, in the profile `grafana`."),
    _plain("WERKNETZ_GRAFANA_PORT", ("compose",), "Host port of Grafana (3000)."),
    _plain("WERKNETZ_GRAFANA_PLANTS", ("compose",), "Plants that Grafana shows: all, or paths."),
    _plain("WERKNETZ_PYTHON_IMAGE", ("compose",), "Image on which our images are built."),
    _plain("WERKNETZ_POSTGRES_MEMORY", ("compose",), "Limit of its memory (2g)."),
    _plain("WERKNETZ_POSTGRES_CPUS", ("compose",), "Limit of its processors (1)."),
    _plain("WERKNETZ_VALKEY_MEMORY", ("compose",), "Limit: twice VALKEY_MAXMEMORY (1280m)."),
    _plain("WERKNETZ_PEERS", ("tests",), "File with the servers that tests connect to."),
    _plain("WERKNETZ_SHARED_DATA", ("tests",), "Folder with recorded documents of partners."),
    _plain("WERKNETZ_REWRITE_CASES", ("tests",), "Rewrite golden cases."),
    _plain("WERKNETZ_KEEP_SNAPSHOTS", ("tests",), "Rewrite API snapshots."),
)  # fmt: skip
"""Every variable, with its readers. Variables of other owners do not begin with the prefix."""

NAMES: Final = frozenset(
    name
    for variable in VARIABLES
    for name in (
        (variable.name, f"{variable.name}_FILE") if variable.has_file_form else (variable.name,)
    )
)


# Kubernetes adds the addresses of its services to the environment of each container.
_SERVICE_LINK: Final = re.compile(r"_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_[A-Z]+")


def check_environment(environment: Mapping[str, str] | None = None) -> None:
    """Raise SettingError where a `WERKNETZ_…` variable is unknown; the text names the nearest."""
    variables = os.environ if environment is None else environment
    unknown = sorted(
        name
        for name, value in variables.items()
        if name.startswith(PREFIX) and name not in NAMES and not _is_service_link(name, value)
    )
    if unknown:
        raise SettingError("; ".join(_unknown(name) for name in unknown))


def _is_service_link(name: str, value: str) -> bool:
    is_address = name.endswith("_PORT") and "://" in value
    return is_address or _SERVICE_LINK.search(name) is not None


def _unknown(name: str) -> str:
    nearest = get_close_matches(name, sorted(NAMES), n=1, cutoff=0.0)
    return f"environment variable {name} is unknown: did you mean {nearest[0]}? Otherwise unset it"
