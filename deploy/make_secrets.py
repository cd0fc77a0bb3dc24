"""Create the secrets of the compose stack as random files; a file that exists is not changed.

The folder has mode 0700; its files have 0444, because the containers' users, which are not root,
read them through bind mounts. Lists of users for the servers are derived from the URLs, so they are
written each time: delete the URL of a service and run this again to give it another password.
"""

import base64
import hashlib
import os
import re
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from redis_users import QUEUE_USERS, STREAM_USERS, acl_file, rules_of

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "secrets"
AUTHORITY = "/run/secrets/tls_ca"  # in the containers
EDGES = {"edge-1": "deploy/edge/emden-1.yaml", "edge-2": "deploy/edge/zwick-2.yaml"}
_CONNECTOR = re.compile(r"^connector:\s*[\"']?([^\"'\s#]+)", re.MULTILINE)


class Secrets:
    """The files of the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.created: list[str] = []
        for path in (folder, folder / "tls"):
            path.mkdir(mode=0o700, exist_ok=True)
            path.chmod(0o700)

    def keep(self, name: str, content: str) -> str:
        """Return the file's content; create it with this one where it is missing."""
        file = self.folder / name
        if not file.exists():
            self.replace(name, content)
            self.created.append(name)
        return file.read_text().strip()

    def replace(self, name: str, content: str) -> None:
        """Write in place: a container that has the file mounted reads the new content."""
        file = self.folder / name
        file.touch(mode=0o600)
        file.chmod(0o600)
        file.write_text(content)
        file.chmod(0o444)

    def keep_url(self, name: str, url: str) -> str:
        """Keep a URL, and beside it the same over TLS, for docker-compose.tls.yml."""
        content = self.keep(name, url)
        self.replace(f"tls/{name}", over_tls(content))
        return content


def over_tls(url: str) -> str:
    """Return the URL with TLS and our authority, for servers of this stack."""
    parts = urlsplit(url)
    if parts.scheme == "redis":
        return parts._replace(scheme="rediss", query=f"ssl_ca_certs={AUTHORITY}").geturl()
    if parts.scheme == "mqtt":
        address = parts.netloc.removesuffix(":1883") + ":8883"
        return parts._replace(scheme="mqtts", netloc=address, query=f"ca={AUTHORITY}").geturl()
    if parts.scheme == "postgresql" and "sslmode" not in parts.query:
        query = f"sslmode=verify-full&sslrootcert={AUTHORITY}"
        return parts._replace(query=query).geturl()
    return url


def mosquitto_hash(password: str) -> str:
    """Return the password in the format of mosquitto 2: PBKDF2-HMAC-SHA512."""
    salt, rounds = os.urandom(12), 210_000
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    return f"$7${rounds}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def connector_of(edge: str, environment: Mapping[str, str]) -> str:
    """Return the connector of an edge: its file is named in the environment or in .env."""
    variable = f"WERKNETZ_{edge.upper().replace('-', '_')}"
    settings = dict(
        line.partition("=")[::2]
        for line in (ROOT / ".env").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    ) if (ROOT / ".env").exists() else {}  # fmt: skip
    file = ROOT / (environment.get(variable) or settings.get(variable) or EDGES[edge])
    connector = _CONNECTOR.search(file.read_text(encoding="utf-8"))
    if connector is None:
        raise SystemExit(f"{file} names no connector: it needs a line `connector: NAME`")
    return connector[1]


def make_redis_users(store: Secrets, server: str, services: Mapping[str, str]) -> None:
    """Keep a URL for each service, and derive the list of users of the server."""
    name = "redis" if server == "valkey" else "broker"
    users = []
    for service, rules in services.items():
        if service == "health":
            password = store.keep(f"{server}_health_password", secrets.token_hex(24))
            users.append((service, password, rules))
            continue
        new = f"redis://{service}:{secrets.token_hex(24)}@{server}:6379/0"
        parts = urlsplit(store.keep_url(f"{name}_url_{service.replace('-', '_')}", new))
        users.append((parts.username or service, parts.password or "", rules))
    store.replace(f"{server}_acl", acl_file(users))


def make_grafana_users(store: Secrets) -> None:
    """Keep Grafana's URL of the database, and beside it what its data source reads: the parts."""
    new = f"postgresql://werknetz_grafana_1:{secrets.token_hex(24)}@postgres:5432/werknetz"
    parts = urlsplit(store.keep_url("database_url_grafana", new))
    store.replace("grafana_database_user", parts.username or "")
    store.replace("grafana_database_password", parts.password or "")
    store.keep("grafana_admin_password", secrets.token_hex(16))


def make_mqtt_users(store: Secrets) -> None:
    """Keep the passwords of edges, of the simulated machines and of the health check."""
    edge = store.keep("mqtt_password", secrets.token_hex(24))
    machines = urlsplit(
        store.keep_url("mqtt_url", f"mqtt://machines:{secrets.token_hex(24)}@mosquitto:1883")
    )
    health = store.keep("mqtt_health_password", secrets.token_hex(24))
    store.replace("mqtt_health", f"-u health\n-P {health}\n")  # not in the arguments of a process
    passwords = {"werknetz": edge, "health": health}
    passwords[machines.username or "machines"] = machines.password or ""
    lines = [f"{user}:{mosquitto_hash(password)}\n" for user, password in passwords.items()]
    store.replace("mosquitto_passwd", "".join(lines))


def main() -> int:
    store = Secrets(FOLDER)
    edges = {edge: connector_of(edge, os.environ) for edge in EDGES}
    password = store.keep("postgres_password", secrets.token_hex(24))
    store.keep_url("database_url", f"postgresql://werknetz:{password}@postgres:5432/werknetz")
    store.keep("postgres_superuser_password", secrets.token_hex(24))
    for service in ("api", "ingest", "worker"):  # their users are made by `werknetz migrate`
        user = f"werknetz_{service}_1:{secrets.token_hex(24)}"
        store.keep_url(f"database_url_{service}", f"postgresql://{user}@postgres:5432/werknetz")
    make_grafana_users(store)
    store.keep("totp_key", secrets.token_hex(24))
    store.keep("rows_key", secrets.token_hex(32))  # signs whose rows the API sees
    make_redis_users(store, "valkey", rules_of(STREAM_USERS, edges))
    make_redis_users(store, "queue", QUEUE_USERS)
    make_mqtt_users(store)
    if store.created:
        print(f"created {len(store.created)} secrets in {FOLDER}")
    else:
        print(f"the secrets in {FOLDER} exist already")
    return 0


if __name__ == "__main__":
    sys.exit(main())
