"""A folder on an SFTP server whose host key is known: nobody else may give us files."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Final, TypeVar, cast

import asyncssh

from werknetz.connector.contract import ConfigurationRejected, ConnectionLost
from werknetz_edge.files.config import InboxConfig, SftpConfig
from werknetz_edge.files.inbox import (
    COPY_BYTES,
    DIGEST_SIZE,
    FileRefused,
    FoundFile,
    LocalFile,
    Settling,
    suffixed,
)

KEEPALIVE_S: Final = 15.0
ENTRIES_MAX: Final = 100_000  # of a listing: more would not be a folder but a flood
_SAME_NAME_MAX: Final = 10_000
_T = TypeVar("_T")
_GONE: Final = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)


@dataclass(slots=True)
class SftpInbox:
    config: InboxConfig
    work: Path
    _settling: Settling
    _connection: asyncssh.SSHClientConnection | None = None
    _client: asyncssh.SFTPClient | None = None
    _copies: int = 0

    @classmethod
    def of(cls, config: InboxConfig, work: Path) -> "SftpInbox":
        return cls(config, work, Settling(config.pattern, config.settle_s))

    @property
    def server(self) -> SftpConfig:
        assert self.config.sftp is not None  # noqa: S101  the configuration sees to it
        return self.config.sftp

    async def open(self) -> None:
        await self.close()
        await asyncio.to_thread(self._clear)
        self._connection = await _connect(self.server)
        try:
            # Names are bytes of any encoding: they go back as they came.
            start = self._connection.start_sftp_client(path_errors="surrogateescape")
            client = self._client = await self._in_time(start)
            await self._in_time(client.stat(self.server.path))
            for name in (self.config.done, self.config.failed):
                path = self._path(name)
                if not await self._in_time(client.isdir(path)):
                    await self._in_time(client.mkdir(path))
        except (*_GONE, asyncssh.SFTPPermissionDenied) as error:
            await self.close()
            raise ConfigurationRejected(
                f"{self.server.path}: {error.reason}: it must be there, and {self.server.user} "
                f"must be allowed to make {self.config.done}/ and {self.config.failed}/ in it"
            ) from error
        except BaseException:
            await self.close()
            raise

    async def look(self) -> list[FoundFile]:
        found = await self._in_time(self._present())
        return self._settling.whole(found)

    async def fetch(self, found: FoundFile) -> LocalFile | None:
        if found.size > self.config.bytes_max:
            raise FileRefused(f"{found.size} bytes: more than `bytes_max`, {self.config.bytes_max}")
        self._copies += 1
        target = self.work / f"{self._copies}.copy"
        try:
            remote = await self._in_time(self._sftp.open(self._path(found.name), "rb"))
        except _GONE:
            return None
        hashed, size = blake2b(digest_size=DIGEST_SIZE), 0
        try:
            with target.open("wb") as copy:
                while part := cast("bytes", await self._in_time(remote.read(COPY_BYTES))):
                    size += len(part)
                    if size > found.size:
                        return None  # it grows: it was not whole
                    hashed.update(part)
                    await asyncio.to_thread(copy.write, part)
            now = await self._in_time(remote.stat())
        finally:
            await self._in_time(remote.close())
        if size != found.size or _modified_us(now) != found.modified_us:
            return None
        return LocalFile(found.name, target, size, found.modified_us, hashed.digest())

    async def done(self, file: LocalFile) -> None:
        with suppress(*_GONE):  # moved already, or taken away: it is safe with us
            now = await self._in_time(self._sftp.lstat(self._path(file.name)))
            if (now.size, _modified_us(now)) == (file.size, file.modified_us):
                await self._move(file.name, self.config.done)
        file.path.unlink(missing_ok=True)

    async def refuse(self, file: FoundFile | LocalFile, reason: str) -> None:
        if isinstance(file, LocalFile):
            file.path.unlink(missing_ok=True)
        with suppress(*_GONE):
            moved = await self._move(file.name, self.config.failed)
            note = await self._in_time(self._sftp.open(f"{moved}.reason.txt", "w"))
            try:
                await self._in_time(note.write(reason + "\n"))
            finally:
                await self._in_time(note.close())

    async def close(self) -> None:
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.abort()
            with suppress(TimeoutError):  # the socket is closed in any case
                async with asyncio.timeout(2.0):
                    await connection.wait_closed()

    @property
    def _sftp(self) -> asyncssh.SFTPClient:
        if self._client is None:
            raise ConnectionLost("not connected")
        return self._client

    def _clear(self) -> None:
        self.work.mkdir(parents=True, exist_ok=True)
        for left in self.work.glob("*.copy"):  # of a process that was killed
            left.unlink(missing_ok=True)

    async def _present(self) -> list[FoundFile]:
        found: list[FoundFile] = []
        async for entry in self._sftp.scandir(self.server.path):
            attributes = entry.attrs
            if attributes.type == asyncssh.FILEXFER_TYPE_REGULAR and attributes.size is not None:
                found.append(
                    FoundFile(str(entry.filename), attributes.size, _modified_us(attributes))
                )
            if len(found) >= ENTRIES_MAX:
                break
        return found

    async def _move(self, name: str, folder: str) -> str:
        """Move without overwriting: SFTP's own rename fails where the name is taken."""
        for number in range(_SAME_NAME_MAX):
            target = self._path(folder, suffixed(name, number))
            if await self._in_time(self._sftp.exists(target)):
                continue
            await self._in_time(self._sftp.rename(self._path(name), target))
            return target
        raise ConnectionLost(f"{folder}/ has {_SAME_NAME_MAX} files named like {name}: clear it")

    def _path(self, *parts: str) -> str:
        return "/".join((self.server.path.rstrip("/") or "/", *parts))

    async def _in_time(self, request: Awaitable[_T]) -> _T:
        try:
            async with asyncio.timeout(self.server.timeout_s):
                return await request
        except TimeoutError as error:
            raise ConnectionLost(f"no answer within {self.server.timeout_s:g} s") from error
        except (*_GONE, asyncssh.SFTPPermissionDenied):
            raise
        except (asyncssh.Error, OSError) as error:
            raise ConnectionLost(f"{self.server.host}: {error}") from error


@dataclass(slots=True)
class _KnownHost(asyncssh.SSHClient):
    """Accepts the one key that the operator has named, and remembers which was offered."""

    fingerprint: str | None
    offered: list[str] = field(default_factory=list)

    def validate_host_public_key(
        self,
        host: str,  # noqa: ARG002  asyncssh's signature
        addr: str,  # noqa: ARG002
        port: int,  # noqa: ARG002
        key: asyncssh.SSHKey,
    ) -> bool:
        self.offered.append(key.get_fingerprint())
        return self.fingerprint is not None and self.offered[-1] == self.fingerprint


async def _connect(server: SftpConfig) -> asyncssh.SSHClientConnection:
    host = _KnownHost(server.fingerprint)
    try:
        keys = []
        if server.key is not None:
            phrase = server.secret(None, server.key_passphrase_file)
            keys = [asyncssh.read_private_key(str(server.key), phrase)]
        if server.known_hosts is not None:
            server.known_hosts.read_bytes()
        password = server.secret(server.password, server.password_file)
    except (OSError, ValueError) as error:  # KeyImportError and KeyEncryptionError are ValueErrors
        raise ConfigurationRejected(
            f"{error}: check key, key_passphrase_file, password_file, known_hosts"
        ) from error
    try:
        async with asyncio.timeout(server.timeout_s):
            connection, _ = await asyncssh.create_connection(
                lambda: host, server.host, server.port, username=server.user, password=password,
                client_keys=keys or None, agent_path=None, config=None,
                known_hosts=str(server.known_hosts) if server.known_hosts else b"",
                keepalive_interval=KEEPALIVE_S, keepalive_count_max=3,
            )  # fmt: skip
    except asyncssh.HostKeyNotVerifiable as error:
        raise ConfigurationRejected(_unknown(server, host.offered)) from error
    except asyncssh.PermissionDenied as error:
        raise ConfigurationRejected(
            f"{server.host} refuses user {server.user}: check password_file or key"
        ) from error
    except asyncssh.Error as error:
        raise ConnectionLost(f"{server.host}: {error}") from error
    except TimeoutError as error:
        raise ConnectionLost(f"{server.host}: no answer within {server.timeout_s:g} s") from error
    return connection


def _unknown(server: SftpConfig, offered: list[str]) -> str:
    shown = offered[-1] if offered else "a key that known_hosts revokes or does not list"
    return (
        f"the host key of {server.host}:{server.port} is not the known one: it shows {shown}. "
        f"Ask the server's owner whether that is right, then write `fingerprint: {shown}`"
    )


def _modified_us(attributes: asyncssh.SFTPAttrs) -> int:
    return (attributes.mtime or 0) * 1_000_000 + (attributes.mtime_ns or 0) // 1000
