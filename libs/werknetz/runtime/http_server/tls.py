"""The certificate of a server, loaded again when its files change."""

import ssl
from pathlib import Path
from typing import Final

from werknetz.runtime.log import get_logger

_log: Final = get_logger("runtime.tls")


class TlsFilesInvalid(ValueError):
    """Certificate or key cannot be used; the text names the reason."""


class ServerTls:
    """`context` serves new handshakes. `reload` replaces it where the files have changed."""

    def __init__(self, cert: Path, key: Path) -> None:
        self._cert, self._key = cert, key
        self._stamp = self._read_stamp()
        self.context = self._load()

    def reload(self) -> None:
        """Load changed files; where they cannot be used, log it and stay with the former ones."""
        stamp = self._read_stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self.context = self._load()
        except TlsFilesInvalid as error:
            _log.error(
                "TLS files not loaded, the former certificate stays in use",
                cert=str(self._cert), error=str(error),
            )  # fmt: skip
        else:
            _log.info("TLS files loaded", cert=str(self._cert))

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self._cert, self._key)
        except OSError as error:  # ssl.SSLError is one
            raise TlsFilesInvalid(f"tls: {error}: check the files `cert` and `key`") from error
        return context

    def _read_stamp(self) -> tuple[tuple[int, int, int], ...] | None:
        """Return what changes when a file is replaced or written; None where one is missing."""
        try:
            stats = [path.stat() for path in (self._cert, self._key)]
        except OSError:
            return None
        return tuple((stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in stats)
