"""The supplier's SFTP server: a folder for each partner, who sees no other.

Host key and passwords are made once an installation and lie beside the files, for nobody else.
"""

import asyncio
import hmac
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncssh

from werknetz_simulator.partners.feed import GroupFeed
from werknetz_simulator.partners.foundry.feed import Feed
from werknetz_simulator.partners.foundry.folders import PARTNERS, Place
from werknetz_simulator.partners.foundry.message_spans import Diary
from werknetz_simulator.partners.foundry.timeline import SupplierTruth
from werknetz_simulator.partners.webhook_sender import Hook

LOOK_EVERY_S: Final = 1.0
LOGIN_WITHIN_S: Final = 20.0
KEEPALIVE_S: Final = 30.0
_KEY: Final = "ssh-ed25519"


@dataclass(frozen=True, slots=True)
class Group:
    """`late`: the file that holds deliveries back; `hook`: whom some suppliers push to."""

    late: Path
    hook: Hook


class Supplier:
    """One process: server and feed. It tells what is due since its last end."""

    def __init__(
        self,
        place: Place,
        host: str,
        port: int,
        truth: SupplierTruth,
        start_us: int,
        group: Group | None = None,
    ) -> None:
        """Without a `group` its other suppliers rest."""
        self._group = group
        self._place, self._host, self._port = place, host, port
        self._truth, self._start_us = truth, start_us
        self._passwords: dict[str, str] = {}

    async def run(self) -> None:
        place = self._place
        place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.folder.chmod(0o700)
        key = _host_key(place.host_key)
        self._passwords = {name: _password(place.password(name)) for name in PARTNERS}
        diary = Diary(place.diary, self._start_us)
        feeds: list[Feed | GroupFeed] = [
            Feed(place.files(name), self._truth, diary) for name in PARTNERS
        ]
        if self._group is not None:
            files = place.files(PARTNERS[0])
            feeds.append(
                GroupFeed(
                    files, place.group_diary, start_us=self._start_us, seed=self._truth.seed,
                    late=self._group.late, hook=self._group.hook,
                )
            )  # fmt: skip
        async with await asyncssh.listen(
            self._host, self._port, server_factory=lambda: _Door(self._passwords), config=None,
            server_host_keys=[key], sftp_factory=self._files, reuse_address=True,
            login_timeout=LOGIN_WITHIN_S, keepalive_interval=KEEPALIVE_S, keepalive_count_max=3,
            allow_scp=False,
        ):  # fmt: skip
            # Only now: whoever finds it may rely on the server, the passwords and the diary.
            key.write_public_key(str(place.public_key))
            while True:
                for feed in feeds:
                    await asyncio.to_thread(feed.tell, time.time_ns() // 1000)
                await asyncio.sleep(LOOK_EVERY_S)

    def _files(self, channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        user = str(channel.get_extra_info("username"))
        return asyncssh.SFTPServer(channel, chroot=os.fsencode(self._place.files(user)))


class _Door(asyncssh.SSHServer):
    def __init__(self, passwords: dict[str, str]) -> None:
        self._passwords = passwords

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        expected = self._passwords.get(username, "")
        return bool(expected) and hmac.compare_digest(expected.encode(), password.encode())


def _host_key(file: Path) -> asyncssh.SSHKey:
    if not file.exists():
        made = asyncssh.generate_private_key(_KEY, comment="weserguss")
        _keep(file, made.export_private_key())
    return asyncssh.read_private_key(str(file))


def _password(file: Path) -> str:
    if not file.exists():
        _keep(file, secrets.token_urlsafe(24).encode())
    return file.read_text()


def _keep(file: Path, content: bytes) -> None:
    """For us alone, and whole or not at all."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
    draft.replace(file)
