"""The partners' SFTP server, and the loop that writes their files.

Host key and password are created once per installation, readable only by the owner.
"""

import asyncio
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import asyncssh

from werknetz_simulator.partners.feed import PartnersFeed
from werknetz_simulator.partners.sftp_folders import ACCOUNT, SftpFolders

WRITE_EVERY_S: Final = 1.0
LOGIN_WITHIN_S: Final = 20.0
KEEPALIVE_S: Final = 30.0
_KEY: Final = "ssh-ed25519"


class PartnersServer:
    """Server and feed in one process. The feed resumes where its last run ended."""

    def __init__(
        self,
        folders: SftpFolders,
        host: str,
        port: int,
        create_feed: Callable[[], PartnersFeed],
    ) -> None:
        self._folders, self._host, self._port = folders, host, port
        self._create_feed = create_feed

    async def run(self) -> None:
        folders = self._folders
        folders.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folders.folder.chmod(0o700)
        folders.files.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = _load_host_key(folders.host_key)
        password = _load_password(folders.password)
        async with await asyncssh.listen(
            self._host, self._port, server_factory=lambda: _PasswordServer(password), config=None,
            server_host_keys=[key], sftp_factory=self._serve_files, reuse_address=True,
            login_timeout=LOGIN_WITHIN_S, keepalive_interval=KEEPALIVE_S, keepalive_count_max=3,
            allow_scp=False,
        ):  # fmt: skip
            # The demo takes the feed's progress file as the sign that the server listens.
            key.write_public_key(str(folders.public_key))
            feed = await asyncio.to_thread(self._create_feed)
            while True:
                await asyncio.to_thread(feed.write_until, time.time_ns() // 1000)
                await asyncio.sleep(WRITE_EVERY_S)

    def _serve_files(self, channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=os.fsencode(self._folders.files))


class _PasswordServer(asyncssh.SSHServer):
    def __init__(self, password: str) -> None:
        self._password = password

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        matches = hmac.compare_digest(self._password.encode(), password.encode())
        return username == ACCOUNT and matches


def _load_host_key(file: Path) -> asyncssh.SSHKey:
    if not file.exists():
        key = asyncssh.generate_private_key(_KEY, comment="partners")
        _write_private(file, key.export_private_key())
    return asyncssh.read_private_key(str(file))


def _load_password(file: Path) -> str:
    if not file.exists():
        _write_private(file, secrets.token_urlsafe(24).encode())
    return file.read_text()


def _write_private(file: Path, content: bytes) -> None:
    """Write the file in one step, readable only by its owner."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
    draft.replace(file)
