"""A real SFTP server in the test's own process: it can stop, break off, or refuse to write."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

USER, PASSWORD = "werknetz", "plant-secret"


class _Connection(asyncssh.SSHServer):
    def __init__(self, server: "SftpServer") -> None:
        self._server = server
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._server.open.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncssh's
        if self._connection is not None:
            self._server.open.discard(self._connection)

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


@dataclass
class SftpServer:
    """`folder` is its root. `break_after`: the connection breaks once that many bytes were read."""

    folder: Path
    port: int = 0
    key: asyncssh.SSHKey = field(
        default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519")
    )
    open: set[asyncssh.SSHServerConnection] = field(default_factory=set)
    break_after: int | None = None
    broken: int = 0
    may_write: bool = True
    _acceptor: asyncssh.SSHAcceptor | None = None

    @property
    def fingerprint(self) -> str:
        return self.key.get_fingerprint()

    async def start(self) -> None:
        self._acceptor = await asyncssh.listen(
            "127.0.0.1", self.port, server_factory=lambda: _Connection(self), config=None,
            server_host_keys=[self.key], sftp_factory=self._create_sftp_server,
        )  # fmt: skip
        self.port = self._acceptor.get_port()

    async def stop(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
            await self._acceptor.wait_closed()
            self._acceptor = None
        await self.disconnect_all()

    async def disconnect_all(self) -> None:
        for connection in list(self.open):
            connection.abort()
        await asyncio.sleep(0.05)

    def _create_sftp_server(self, channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        return _Files(self, channel, chroot=str(self.folder))

    def inbox(self, **more: object) -> dict[str, object]:
        """Return the options of an inbox on this server."""
        return {
            "host": "127.0.0.1", "port": self.port, "user": USER, "password": PASSWORD,
            "fingerprint": self.fingerprint, "path": "/", "timeout_s": 5, **more,
        }  # fmt: skip


class _Files(asyncssh.SFTPServer):
    def __init__(
        self, server: SftpServer, channel: asyncssh.SSHServerChannel[bytes], chroot: str
    ) -> None:
        super().__init__(channel, chroot=chroot.encode())
        self._server = server
        self._connection = channel.get_connection()

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        if pflags & asyncssh.FXF_WRITE and not self._server.may_write:
            raise asyncssh.SFTPPermissionDenied("read only")
        return super().open(path, pflags, attrs)

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        server = self._server
        if server.break_after is not None and offset + size > server.break_after:
            server.broken += 1
            server.break_after = None
            self._connection.abort()
        return super().read(file_obj, offset, size)  # type: ignore[return-value]  # ours is not async
