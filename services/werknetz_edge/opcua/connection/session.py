"""Open a session: select the endpoint, check the server's certificate, then authenticate."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from asyncua.crypto import security_policies
from cryptography import x509

from werknetz.connector.contract import CertificateEnd, ConfigurationRejected, ConnectionLost
from werknetz.texts.sentence import Sentence
from werknetz_edge.certificates import certificate_end
from werknetz_edge.opcua.config import OpcuaConfig
from werknetz_edge.opcua.connection import pki
from werknetz_edge.opcua.connection.transport import OpcuaClient, SessionTicket
from werknetz_edge.opcua.stack import ua

_NAMESPACES: Final = ua.NodeId(2255, 0)
_START_TIME: Final = ua.NodeId(2257, 0)
_RESTART_S: Final = 1.0  # some controllers compute their start time: it varies by less
_SILENT_MAX: Final = 3  # resumptions without an answer, until a new session is opened
# The server is busy or has just started: the session may still exist.
_TEMPORARY: Final = frozenset({
    "BadTimeout", "BadRequestTimeout", "BadServerHalted", "BadShutdown", "BadTcpServerTooBusy",
    "BadOutOfMemory", "BadResourceUnavailable", "BadCommunicationError", "BadConnectionClosed",
    "BadSecureChannelClosed", "BadTooManyOperations", "BadTcpNotEnoughResources",
    "BadServerNotConnected",
})  # fmt: skip
Begin = Callable[[str, float], None]
"""Called with the name of each step and its time limit in seconds."""
_LIMIT_NODES: Final = {"read": 11705, "browse": 11710, "items": 11714}
_CALL_MAX: Final = 200  # an S7-1200 reports 1000 and is 50 times slower above 200
_PASSWORD: Final = frozenset({
    "BadUserAccessDenied", "BadIdentityTokenRejected", "BadIdentityTokenInvalid",
})  # fmt: skip
_CERTIFICATE: Final = frozenset({
    "BadSecurityChecksFailed", "BadCertificateUntrusted", "BadCertificateInvalid",
    "BadCertificateUriInvalid", "BadCertificateTimeInvalid", "BadCertificateUseNotAllowed",
    "BadCertificateChainIncomplete", "BadCertificateRevoked", "BadCertificateHostNameInvalid",
})  # fmt: skip


@dataclass(slots=True)
class OpcuaSession:
    """One open session with its namespaces and the server's limits for one call."""

    client: OpcuaClient
    namespaces: list[str]
    limits: dict[str, int]
    resumed: bool
    certificates: tuple[CertificateEnd, ...] = ()  # the server's and ours, as `_ends_of`
    is_same_server: bool = False  # not restarted since the session of the ticket

    @property
    def server_certificate_until(self) -> str:
        """The day until which the server's certificate is valid; empty: none was checked."""
        ends = [end.until for end in self.certificates if end.owner == "server"]
        return f"{ends[0]:%Y-%m-%d}" if ends else ""


class SessionGoneError(Exception):
    """The server does not resume the former session."""


def _no_step(_: str, __: float) -> None:
    """Report no step."""


async def load_endpoints(url: str, timeout_s: float, addresses: Sequence[str] = ()) -> list[Any]:
    """Load the endpoints that the server offers. Raises OSError or ConnectionLost."""
    client = OpcuaClient(url, timeout_s, addresses=addresses)
    try:
        async with asyncio.timeout(3 * timeout_s):
            await client.open_channel()
            return list(await client.get_endpoints())
    except ua.UaError as error:
        raise ConnectionLost(f"{url} does not return its endpoints: {error}") from error
    finally:
        await client.stop(close_session=False)


async def open_session(
    config: OpcuaConfig,
    folder: Path,
    identity: pki.Identity,
    ticket: SessionTicket | None = None,
    begin: Begin = _no_step,
    addresses: Sequence[str] = (),
) -> OpcuaSession:
    """Open a session; with a ticket, resume the former one if the server still has it.

    `addresses`: those to connect to, instead of what the name in the URL has then.

    Raises ConfigurationRejected (with the remedy), ConnectionLost or OSError: the ticket is then
    still valid. Only an answer of the server ends it.
    """
    begin("load the endpoints", 3 * config.timeout_s)
    endpoint = _endpoint(config, await load_endpoints(config.url, config.timeout_s, addresses))
    checked = _check_certificate(config, _pki(config, folder), endpoint)
    certificate = None if checked is None else pki.der_of(checked)
    opening = _Opening(config, folder, identity, endpoint, certificate, begin, addresses)
    session = None if ticket is None else await _resume(opening, ticket)
    if session is None:
        session = await _open(opening, None)
        session.is_same_server = ticket is not None and not _is_restarted(
            ticket.start_us, session.client.start_us
        )
    session.certificates = _ends_of(config, identity, checked)
    return session


@dataclass(frozen=True, slots=True)
class _Opening:
    """What opening a session needs."""

    config: OpcuaConfig
    folder: Path
    identity: pki.Identity
    endpoint: Any
    certificate: bytes | None
    begin: Begin
    addresses: Sequence[str]


def _ends_of(
    config: OpcuaConfig, identity: pki.Identity, checked: x509.Certificate | None
) -> tuple[CertificateEnd, ...]:
    """Return the server's certificate where it was checked, and ours where it is used.

    Without security, ours is not, and the server's is checked only where a password follows.
    """
    own = () if config.policy == "None" else (certificate_end("own", identity.certificate),)
    server = () if checked is None else (certificate_end("server", checked),)
    return (*server, *own)


async def _resume(opening: _Opening, ticket: SessionTicket) -> OpcuaSession | None:
    """Resume the session of the ticket; None: the server no longer has it."""
    try:
        return await _open(opening, ticket)
    except SessionGoneError:
        return None


def _pki(config: OpcuaConfig, folder: Path) -> Path:
    return folder / (config.pki or "pki")


def _endpoint(config: OpcuaConfig, endpoints: list[Any]) -> Any:
    mode = "None" if config.policy == "None" else config.mode
    for endpoint in endpoints:
        if security_of(endpoint) == (config.policy, mode) and str(endpoint.EndpointUrl).startswith(
            "opc.tcp"
        ):
            return endpoint
    offers = sorted({"/".join(security_of(endpoint)) for endpoint in endpoints})
    raise ConfigurationRejected(
        Sentence(
            "connector.no_endpoint", url=config.url, policy=config.policy, mode=mode, offers=offers
        )
    )


def security_of(endpoint: Any) -> tuple[str, str]:
    """Return policy and mode of an endpoint, as the options name them."""
    policy = str(endpoint.SecurityPolicyUri or "").rpartition("#")[2].replace("_", "")
    return policy, str(endpoint.SecurityMode.name).rstrip("_")


def _check_certificate(config: OpcuaConfig, folder: Path, endpoint: Any) -> x509.Certificate | None:
    """Check the server's certificate before any credentials are sent.

    Without security and without a user there is nothing to protect.
    """
    der = endpoint.ServerCertificate
    if config.policy == "None" and (config.user is None or not der):
        return None
    if not der:
        raise ConfigurationRejected(f"{config.url} offers {config.policy} without a certificate")
    return pki.check_server(folder, bytes(der))


async def _open(opening: _Opening, ticket: SessionTicket | None) -> OpcuaSession:
    """Open a session, or resume that of the ticket. Raises SessionGoneError only with a ticket."""
    config = opening.config
    client = _client_of(opening)
    has_channel = False
    try:
        opening.begin("open a secure channel", 3 * config.timeout_s)
        await client.open_channel()
        has_channel = True
        if ticket is None:
            opening.begin("open a session", 2 * config.timeout_s)
            await client.start_session()
        else:
            opening.begin("resume the session", config.timeout_s)
            await client.resume_session(
                ticket, list(opening.endpoint.UserIdentityTokens), opening.certificate
            )
        opening.begin("read namespaces and limits", config.timeout_s)
        names, limits, client.start_us = await _load_server_data(client)
        if ticket is not None:
            _check_same_server(ticket, client)
    except (OSError, ua.UaError) as error:
        await client.stop(close_session=ticket is None)
        if ticket is not None and has_channel:
            _check_still_resumable(ticket, error)
        raise to_connector_error(error, config, opening.identity) from error
    except BaseException:
        await client.stop(close_session=False)
        raise
    return OpcuaSession(client, names, limits, resumed=ticket is not None)


def _client_of(opening: _Opening) -> OpcuaClient:
    config = opening.config
    client = OpcuaClient(
        config.url, config.timeout_s, 2 * config.outage_s, addresses=opening.addresses
    )
    client.application_uri = opening.identity.uri
    client.name = client.description = "Werknetz"
    if config.user is not None:
        client.set_user(config.user)
        client.set_password(_password(config, opening.folder))
    if config.policy != "None":
        client.set_security_policy(_policy(config, opening.identity, opening.certificate))
    client.certificate_validator = _require_certificate(opening.certificate)
    return client


def _check_still_resumable(ticket: SessionTicket, error: Exception) -> None:
    """Raise SessionGoneError if the server refuses the session, or often gives no answer."""
    if isinstance(error, OSError):
        ticket.silent_attempts += 1
        if ticket.silent_attempts >= _SILENT_MAX:
            raise SessionGoneError from error
    elif status_name(error) not in _TEMPORARY:
        raise SessionGoneError from error


def _check_same_server(ticket: SessionTicket, client: OpcuaClient) -> None:
    """Raise SessionGoneError after a restart: the session is somebody else's of the same number."""
    if _is_restarted(ticket.start_us, client.start_us):
        raise SessionGoneError


def _is_restarted(before_us: int | None, now_us: int | None) -> bool:
    """Whether the server was started again; its sessions and subscriptions are then others."""
    if before_us is None or now_us is None:
        return False
    return abs(now_us - before_us) > _RESTART_S * 1_000_000


def _password(config: OpcuaConfig, folder: Path) -> str:
    try:
        return config.read_password(folder) or ""
    except OSError as error:
        raise ConfigurationRejected(
            f"the password cannot be read ({error}): set password_file to a file that holds it"
        ) from error


def _policy(config: OpcuaConfig, identity: pki.Identity, certificate: bytes | None) -> Any:
    make = getattr(security_policies, f"SecurityPolicy{config.policy}")
    mode = getattr(ua.MessageSecurityMode, config.mode)
    return make(certificate, identity.certificate, identity.key, mode)


def _require_certificate(certificate: bytes | None) -> Any:
    """Require that the session uses the certificate that was checked."""

    async def validate(shown: Any, _: Any) -> None:  # the library awaits it
        if certificate is not None and pki.der_of(shown) != certificate:
            raise ConfigurationRejected(
                "the server showed another certificate in its session than in its endpoints"
            )

    return validate


async def _load_server_data(
    client: OpcuaClient,
) -> tuple[list[str], dict[str, int], int | None]:
    """Read the namespace array, the operation limits and the server's start time in one call."""
    nodes = [
        _NAMESPACES, _START_TIME, *(ua.NodeId(number, 0) for number in _LIMIT_NODES.values()),
    ]  # fmt: skip
    values: list[Any] = list(
        await client.wire.session.read_attributes(nodes, ua.AttributeIds.Value)
    )
    names, start = (value.Value.Value if value.Value else None for value in values[:2])
    limits = {}
    for name, value in zip(_LIMIT_NODES, values[2:], strict=True):
        reported = value.Value.Value if value.StatusCode.is_good() and value.Value else None
        limits[name] = min(int(reported), _CALL_MAX) if reported else _CALL_MAX
    return [str(name) for name in names or []], limits, _us_of(start)


def _us_of(start: Any) -> int | None:
    if not isinstance(start, datetime):
        return None
    return int(start.replace(tzinfo=start.tzinfo or UTC).timestamp() * 1_000_000)


async def load_namespaces(session: OpcuaSession) -> list[str]:
    """Read the namespace array again: a server may add namespaces while it runs."""
    values: list[Any] = list(
        await session.client.wire.session.read_attributes([_NAMESPACES], ua.AttributeIds.Value)
    )
    return [str(name) for name in (values[0].Value.Value if values[0].Value else None) or []]


def status_name(error: Exception) -> str:
    """Return the name of the status code of an error of the library: BadSessionIdInvalid."""
    name = type(error).__name__
    if name == "UaStatusCodeError" or not name.startswith("Bad"):
        name = str(getattr(ua.StatusCode(getattr(error, "code", 0) or 0), "name", name))
    return name


def to_connector_error(
    error: Exception, config: OpcuaConfig, identity: pki.Identity
) -> ConfigurationRejected | ConnectionLost | OSError:
    """Translate an error of the library into one of the connector contract, with the remedy."""
    if isinstance(error, OSError):
        return error if str(error) else _with_text(error, config)
    name = status_name(error)
    if name in _PASSWORD:
        fields = {"url": config.url, "status": name}
        return ConfigurationRejected(
            Sentence("connector.user_refused", user=config.user, **fields)
            if config.user
            else Sentence("connector.anonymous_refused", **fields)
        )
    if name in _CERTIFICATE:
        return ConfigurationRejected(
            Sentence(
                "connector.our_certificate_refused",
                url=config.url,
                status=name,
                path=str(identity.path),
                fingerprint=identity.fingerprint,
                uri=identity.uri,
            )
        )
    return ConnectionLost(f"{config.url}: {error or name}")


def _with_text(error: OSError, config: OpcuaConfig) -> OSError:
    if isinstance(error, TimeoutError):
        return TimeoutError(f"no answer in {config.timeout_s:g} s")
    return ConnectionError(f"the connection has ended ({type(error).__name__})")
