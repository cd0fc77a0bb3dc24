"""An inbox on an SFTP server whose host key is known: no other server can pass files to us."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar, cast

import asyncssh

from werknetz.connector.contract import ConfigurationRejected, ConnectionLost
from werknetz_edge.files.config import SftpConfig
from werknetz_edge.files.file_system import READ_BYTES, FileReader, FileStamp, InboxFile

KEEPALIVE_S: Final = 15.0
ENTRIES_MAX: Final = 100_000  # of a listing: a folder with more is not read to its end
_T = TypeVar("_T")
_NOT_FOUND: Final = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)


@dataclass(slots=True)
class SftpFolder:
    """A `FileSystem` on an SFTP server."""

    server: SftpConfig
    _connection: asyncssh.SSHClientConnection | None = None
    _client: asyncssh.SFTPClient | None = None

    async def open(self, subfolders: tuple[str, ...]) -> None:
        await self.close()
        self._connection = await _connect(self.server)
        try:
            # Names are bytes of any encoding: they go back as they came.
            start = self._connection.start_sftp_client(path_errors="surrogateescape")
            client = self._client = await self.request(start)
            await self.request(client.stat(self.server.path))
            for name in subfolders:
                path = self._path(name)
                if not await self.request(client.isdir(path)):
                    await self.request(client.mkdir(path))
        except (FileNotFoundError, PermissionError) as error:
            await self.close()
            raise ConfigurationRejected(
                f"{self.server.path}: {error}: it must exist, and {self.server.user} needs the "
                f"right to create {'/ and '.join(subfolders)}/ in it"
            ) from error
        except BaseException:
            await self.close()
            raise

    async def list_files(self) -> list[InboxFile]:
        return await self.request(self._list_files())

    @asynccontextmanager
    async def open_file(self, name: str) -> AsyncIterator[FileReader]:
        file = await self.request(self._sftp.open(self._path(name), "rb"))
        try:
            yield _SftpReader(self, file)
        finally:
            await self.request(file.close())

    async def stat(self, name: str) -> FileStamp:
        return _stamp_of(await self.request(self._sftp.lstat(self._path(name))))

    async def move(self, name: str, folder: str, candidates: Iterable[str]) -> str:
        """Move without overwriting: SFTP's own rename fails where the name is taken."""
        for candidate in candidates:
            target = self._path(folder, candidate)
            if not await self.request(self._sftp.exists(target)):
                await self.request(self._sftp.rename(self._path(name), target))
                return candidate
        raise FileExistsError(f"all names for {name} are taken in {self._path(folder)}")

    async def write_text(self, folder: str, name: str, text: str) -> None:
        file = await self.request(self._sftp.open(self._path(folder, name), "w"))
        try:
            await self.request(file.write(text))
        finally:
            await self.request(file.close())

    async def close(self) -> None:
        connection, self._connection, self._client = self._connection, None, None
        if connection is not None:
            connection.abort()
            with suppress(TimeoutError):  # the socket is closed in any case
                async with asyncio.timeout(2.0):
                    await connection.wait_closed()

    async def request(self, request: Awaitable[_T]) -> _T:
        """Wait for an answer of the server; translate asyncssh's errors into those of files."""
        try:
            async with asyncio.timeout(self.server.timeout_s):
                return await request
        except TimeoutError as error:
            raise ConnectionLost(f"no answer within {self.server.timeout_s:g} s") from error
        except _NOT_FOUND as error:
            raise FileNotFoundError(error.reason) from error
        except asyncssh.SFTPPermissionDenied as error:
            raise PermissionError(error.reason) from error
        except (asyncssh.Error, OSError) as error:
            raise ConnectionLost(f"{self.server.host}: {error}") from error

    @property
    def _sftp(self) -> asyncssh.SFTPClient:
        if self._client is None:
            raise ConnectionLost("not connected")
        return self._client

    async def _list_files(self) -> list[InboxFile]:
        files: list[InboxFile] = []
        async for entry in self._sftp.scandir(self.server.path):
            attributes = entry.attrs
            if attributes.type == asyncssh.FILEXFER_TYPE_REGULAR and attributes.size is not None:
                stamp = _stamp_of(attributes)
                files.append(InboxFile(str(entry.filename), stamp.size, stamp.modified_us))
            if len(files) >= ENTRIES_MAX:
                break
        return files

    def _path(self, *parts: str) -> str:
        return "/".join((self.server.path.rstrip("/") or "/", *parts))


@dataclass(slots=True)
class _SftpReader:
    folder: SftpFolder
    file: "asyncssh.SFTPClientFile"

    async def read(self) -> bytes:
        return cast("bytes", await self.folder.request(self.file.read(READ_BYTES)))

    async def stamp(self) -> FileStamp:
        return _stamp_of(await self.folder.request(self.file.stat()))


@dataclass(slots=True)
class _HostKeyCheck(asyncssh.SSHClient):
    """Accepts the one key that the configuration names, and records the keys offered."""

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
    check = _HostKeyCheck(server.fingerprint)
    try:
        keys = []
        if server.key is not None:
            passphrase = server.read_secret(None, server.key_passphrase_file)
            keys = [asyncssh.read_private_key(str(server.key), passphrase)]
        if server.known_hosts is not None:
            server.known_hosts.read_bytes()
        password = server.read_secret(server.password, server.password_file)
    except (OSError, ValueError) as error:  # KeyImportError and KeyEncryptionError are ValueErrors
        raise ConfigurationRejected(
            f"{error}: check key, key_passphrase_file, password_file, known_hosts"
        ) from error
    try:
        async with asyncio.timeout(server.timeout_s):
            connection, _ = await asyncssh.create_connection(
                lambda: check, server.host, server.port, username=server.user, password=password,
                client_keys=keys or None, agent_path=None, config=None,
                known_hosts=str(server.known_hosts) if server.known_hosts else b"",
                keepalive_interval=KEEPALIVE_S, keepalive_count_max=3,
            )  # fmt: skip
    except asyncssh.HostKeyNotVerifiable as error:
        raise ConfigurationRejected(_unknown_key_text(server, check.offered)) from error
    except asyncssh.PermissionDenied as error:
        raise ConfigurationRejected(
            f"{server.host} refuses user {server.user}: check password_file or key"
        ) from error
    except asyncssh.Error as error:
        raise ConnectionLost(f"{server.host}: {error}") from error
    except TimeoutError as error:
        raise ConnectionLost(f"{server.host}: no answer within {server.timeout_s:g} s") from error
    return connection


def _unknown_key_text(server: SftpConfig, offered: list[str]) -> str:
    key = offered[-1] if offered else "a key that known_hosts revokes or does not list"
    return (
        f"the host key of {server.host}:{server.port} is not the known one: it shows {key}. "
        f"Ask the server's owner whether that is right, then write `fingerprint: {key}`"
    )


def _stamp_of(attributes: asyncssh.SFTPAttrs) -> FileStamp:
    modified_us = (attributes.mtime or 0) * 1_000_000 + (attributes.mtime_ns or 0) // 1000
    return FileStamp(attributes.size or 0, modified_us)
