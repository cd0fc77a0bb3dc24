"""Open a session: select the endpoint, check the server's certificate, then authenticate."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from asyncua.crypto import security_policies

from werknetz.connector.contract import ConfigurationRejected, ConnectionLost
from werknetz_edge.opcua.config import OpcuaConfig
from werknetz_edge.opcua.connection import pki
from werknetz_edge.opcua.connection.transport import OpcuaClient, SessionTicket
from werknetz_edge.opcua.stack import ua

_NAMESPACES: Final = ua.NodeId(2255, 0)
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
    certificate: str = ""  # until when the server's certificate is valid


async def load_endpoints(url: str, timeout_s: float) -> list[Any]:
    """Load the endpoints that the server offers. Raises OSError or ConnectionLost."""
    client = OpcuaClient(url, timeout_s)
    try:
        async with asyncio.timeout(3 * timeout_s):
            await client.open_channel()
            return list(await client.get_endpoints())
    except ua.UaError as error:
        raise ConnectionLost(f"{url} does not return its endpoints: {error}") from error
    finally:
        await client.stop(close_session=False)


async def open_session(
    config: OpcuaConfig, folder: Path, identity: pki.Identity, ticket: SessionTicket | None = None
) -> OpcuaSession:
    """Open a session; with a ticket, resume the former one if the server still has it.

    Raises ConfigurationRejected (with the remedy), ConnectionLost or OSError.
    """
    endpoint = _endpoint(config, await load_endpoints(config.url, config.timeout_s))
    certificate, until = _check_certificate(config, _pki(config, folder), endpoint)
    if ticket is not None:
        session = await _try_open(config, folder, identity, endpoint, certificate, ticket)
        if session is not None:
            session.certificate = until
            return session
    session = await _try_open(config, folder, identity, endpoint, certificate, None)
    if session is None:
        raise ConnectionLost("the server opened no session")
    session.certificate = until
    return session


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
        f"{config.url} has no endpoint {config.policy}/{mode}; it offers {', '.join(offers)}:"
        " set policy and mode to one of them"
    )


def security_of(endpoint: Any) -> tuple[str, str]:
    """Return policy and mode of an endpoint, as the options name them."""
    policy = str(endpoint.SecurityPolicyUri or "").rpartition("#")[2].replace("_", "")
    return policy, str(endpoint.SecurityMode.name).rstrip("_")


def _check_certificate(
    config: OpcuaConfig, folder: Path, endpoint: Any
) -> tuple[bytes | None, str]:
    """Check the server's certificate before any credentials are sent.

    Without security and without a user there is nothing to protect.
    """
    der = endpoint.ServerCertificate
    if config.policy == "None" and (config.user is None or not der):
        return None, ""
    if not der:
        raise ConfigurationRejected(f"{config.url} offers {config.policy} without a certificate")
    checked = pki.check_server(folder, bytes(der))
    return pki.der_of(checked), f"{checked.not_valid_after_utc:%Y-%m-%d}"


async def _try_open(
    config: OpcuaConfig,
    folder: Path,
    identity: pki.Identity,
    endpoint: Any,
    certificate: bytes | None,
    ticket: SessionTicket | None,
) -> OpcuaSession | None:
    """Open or resume a session; None: the server does not accept the ticket any more."""
    client = OpcuaClient(config.url, config.timeout_s)
    client.application_uri = identity.uri
    client.name = client.description = "Werknetz"
    if config.user is not None:
        client.set_user(config.user)
        client.set_password(_password(config, folder))
    if config.policy != "None":
        client.set_security_policy(_policy(config, identity, certificate))
    client.certificate_validator = _require_certificate(certificate)
    try:
        async with asyncio.timeout(6 * config.timeout_s):
            await client.open_channel()
            if ticket is None:
                await client.start_session()
            else:
                await client.resume_session(ticket, list(endpoint.UserIdentityTokens), certificate)
            names, limits = await _load_namespaces_and_limits(client)
    except (OSError, ua.UaError) as error:
        await client.stop(close_session=ticket is None)
        if ticket is not None:
            return None
        raise to_connector_error(error, config, identity) from error
    except BaseException:
        await client.stop(close_session=False)
        raise
    return OpcuaSession(client, names, limits, resumed=ticket is not None)


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


async def _load_namespaces_and_limits(client: OpcuaClient) -> tuple[list[str], dict[str, int]]:
    """Read the namespace array and the operation limits in one call."""
    nodes = [_NAMESPACES, *(ua.NodeId(number, 0) for number in _LIMIT_NODES.values())]
    values: list[Any] = list(
        await client.wire.session.read_attributes(nodes, ua.AttributeIds.Value)
    )
    names = values[0].Value.Value or []
    limits = {}
    for name, value in zip(_LIMIT_NODES, values[1:], strict=True):
        reported = value.Value.Value if value.StatusCode.is_good() and value.Value else None
        limits[name] = min(int(reported), _CALL_MAX) if reported else _CALL_MAX
    return [str(name) for name in names], limits


def to_connector_error(
    error: Exception, config: OpcuaConfig, identity: pki.Identity
) -> ConfigurationRejected | ConnectionLost | OSError:
    """Translate an error of the library into one of the connector contract, with the remedy."""
    if isinstance(error, OSError):
        return error
    name = type(error).__name__
    if name == "UaStatusCodeError" or not name.startswith("Bad"):
        name = getattr(ua.StatusCode(getattr(error, "code", 0) or 0), "name", name)
    if name in _PASSWORD:
        who = f"user {config.user!r}" if config.user else "anonymous access"
        return ConfigurationRejected(
            f"{config.url} refuses {who} ({name}): correct user and password (or password_file)"
            " under options, or let the server's administrator admit this user"
        )
    if name in _CERTIFICATE:
        return ConfigurationRejected(
            f"{config.url} refuses our certificate ({name}): trust {identity.path} (SHA-256"
            f" {identity.fingerprint}, application URI {identity.uri}) on the server"
        )
    return ConnectionLost(f"{config.url}: {error or name}")
