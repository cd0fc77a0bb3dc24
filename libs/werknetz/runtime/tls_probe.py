"""Shakes hands with a server over TLS as its URL demands: `werknetz doctor` without drivers."""

import socket
import ssl
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from werknetz.runtime.tls_refusal import TlsPeer, explain_refusal

# The first message of a client of PostgreSQL that wants TLS.
_SSL_REQUEST: Final = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
_VERIFYING: Final = frozenset({"verify-ca", "verify-full", "verify_ca", "verify_full"})
_AUTHORITY: Final = {"rediss": "ssl_ca_certs", "rediss+cluster": "ssl_ca_certs", "mqtts": "ca"}


class TlsRefused(OSError):
    """TLS with the server failed; the text has the reason and the remedy."""


def needs_tls(url: str) -> bool:
    """Whether the URL demands a verified connection over TLS."""
    parts = urlsplit(url)
    mode = dict(parse_qsl(parts.query)).get("sslmode")
    return parts.scheme in _AUTHORITY or mode in _VERIFYING


def shake_hands(plain: socket.socket, url: str, setting: str, server: str) -> None:
    """Verify the server's certificate over this connection; raise TlsRefused."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    option = _AUTHORITY.get(parts.scheme, "sslrootcert")
    peer = TlsPeer(server, setting, f"{option} of {setting}", f"the client's options of {setting}")
    try:
        context = ssl.create_default_context(cafile=options.get(option))
        context.check_hostname = options.get("sslmode") not in {"verify-ca", "verify_ca"}
        if parts.scheme not in _AUTHORITY:
            plain.sendall(_SSL_REQUEST)
            if plain.recv(1) != b"S":
                raise TlsRefused(f"{server} offers no TLS: set `ssl = on` on the server")
        with context.wrap_socket(plain, server_hostname=parts.hostname or ""):
            return
    except FileNotFoundError as error:
        raise TlsRefused(
            f"{setting}: {option} names {options.get(option)}: {error.strerror}: correct the path"
        ) from error
    except ssl.SSLError as error:
        raise TlsRefused(str(explain_refusal(error, peer))) from error
