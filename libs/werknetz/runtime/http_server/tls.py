"""The certificate of a server, loaded again when its files change."""

import ssl
from pathlib import Path
from typing import Final

from werknetz.runtime.log import get_logger

REMEDY: Final = (
    "write a valid certificate with its chain and its key (PEM) to both files; they are loaded "
    "without a restart"
)
_HANDSHAKE_STEPS_MAX: Final = 10
_log: Final = get_logger("runtime.tls")


class TlsFilesInvalid(ValueError):
    """Certificate or key cannot be used; the text names the reason."""


class ServerTls:
    """`context` serves new handshakes. `reload` replaces it where the files have changed."""

    def __init__(self, cert: Path, key: Path) -> None:
        self._cert, self._key = cert, key
        self._stamp = self._read_stamp()
        self.context = load_context(cert, key)

    def reload(self) -> None:
        """Load changed files; where they cannot be used, log it and stay with the former ones."""
        stamp = self._read_stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self.context = load_context(self._cert, self._key)
        except TlsFilesInvalid as error:
            _log.error(
                "TLS files not loaded, the former certificate stays in use",
                cert=str(self._cert), key=str(self._key), error=str(error), remedy=REMEDY,
            )  # fmt: skip
        else:
            _log.info("TLS files loaded", cert=str(self._cert))

    def _read_stamp(self) -> tuple[tuple[int, int, int], ...] | None:
        """Return what changes when a file is replaced or written; None where one is missing."""
        try:
            stats = [path.stat() for path in (self._cert, self._key)]
        except OSError:
            return None
        return tuple((stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in stats)


def load_context(cert: Path, key: Path) -> ssl.SSLContext:
    """Return a server's context; raise TlsFilesInvalid, also where the certificate has expired."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # A key with a passphrase would ask on the terminal.
        context.load_cert_chain(cert, key, password=lambda: "")
        _check_validity(context, cert)
    except ssl.SSLCertVerificationError as error:
        reason = error.verify_message
        raise TlsFilesInvalid(f"tls: {cert}: {reason}: renew the certificate") from error
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise TlsFilesInvalid(
            f"tls: {error}: check the files `cert` and `key` ({cert}, {key})"
        ) from error
    return context


def _check_validity(context: ssl.SSLContext, cert: Path) -> None:
    """Shake hands with a client that trusts this certificate: OpenSSL checks dates and use."""
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname = False
    client_context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    client_context.load_verify_locations(cert)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server)
    server = context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server) * _HANDSHAKE_STEPS_MAX:
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
        if side is server:
            return
