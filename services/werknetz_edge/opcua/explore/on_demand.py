"""Explores a server on demand of a person: endpoints, trust, one level of nodes, a mapping.

Each request opens its own session and closes it. Nothing is written to the server.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

from cryptography import x509
from pydantic import BaseModel, ConfigDict, Field

from werknetz.connector.contract import ConfigurationRejected
from werknetz.connector.mapping.pattern import escape_address
from werknetz.link.wire import CONNECTOR_NAME
from werknetz.texts.sentence import Sentence
from werknetz_edge.hosts import Server
from werknetz_edge.opcua.address import address_of, node_of
from werknetz_edge.opcua.config import Mode, OpcuaConfig, Policy
from werknetz_edge.opcua.connection import pki
from werknetz_edge.opcua.connection.session import (
    OpcuaSession,
    load_endpoints,
    open_session,
    security_of,
)
from werknetz_edge.opcua.edge_file import format_edge_file
from werknetz_edge.opcua.explore.browse import Variable, list_variables
from werknetz_edge.opcua.explore.datatype import load_base_types
from werknetz_edge.opcua.explore.explorer import VARIABLE, Explorer, ReadValue
from werknetz_edge.opcua.explore.machine import load_types
from werknetz_edge.opcua.rules import rules_of_variables
from werknetz_edge.opcua.stack import ua

TIMEOUT_S: Final = 8.0
NODES_MAX: Final = 500
COUNTED_MAX: Final = 5000  # how many nodes of a level are counted beyond those
VARIABLES_MAX: Final = 300
ENDPOINTS_MAX: Final = 50
_TEXT_MAX: Final = 200
_OBJECTS: Final = ua.NodeId(85, 0)
Text = Annotated[str, Field(max_length=500)]
Open = tuple[OpcuaSession, OpcuaConfig]


class UserOptions(Protocol):
    """A user of the edge file: the file of its password, and the servers that may get it."""

    @property
    def password_file(self) -> Path: ...
    @property
    def hosts(self) -> Sequence[str]: ...


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    url: Text


class _TrustParameters(_Parameters):
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _SessionParameters(_Parameters):
    policy: Policy
    mode: Mode
    user: Text | None = None


class _BrowseParameters(_SessionParameters):
    node: Text | None = None  # an address; None: the folder of objects


class _SuggestParameters(_SessionParameters):
    nodes: Annotated[list[Text], Field(min_length=1, max_length=20)]
    connector: Annotated[str, Field(pattern=CONNECTOR_NAME)]


class OnDemandExplorer:
    """`users`: the names that people may send, each with its password and the servers it is for."""

    def __init__(self, connector: str, folder: Path, users: Mapping[str, UserOptions]) -> None:
        self._connector = connector
        self._folder = folder
        self._users = users
        self._actions = {
            "endpoints": self._list_endpoints, "trust": self._trust, "browse": self._browse,
            "suggest": self._suggest,
        }  # fmt: skip

    async def explore(
        self, action: str, parameters: dict[str, Any], server: Server
    ) -> dict[str, Any]:
        """Carry out one action. Raises ConfigurationRejected, ConnectionLost, OSError.

        `server` is that of the URL: what is connected to are its addresses.
        """
        if action not in self._actions:
            raise ConfigurationRejected(Sentence("connector.exploration_unknown", action=action))
        return await self._actions[action](parameters, server)

    @property
    def _pki(self) -> Path:
        return self._folder / "pki"

    async def _list_endpoints(self, parameters: dict[str, Any], server: Server) -> dict[str, Any]:
        _Parameters.model_validate(parameters)
        return await self._document_of(await _load_endpoints(server))

    async def _document_of(self, endpoints: Sequence[Any]) -> dict[str, Any]:
        await asyncio.to_thread(pki.load_identity, self._pki, self._connector)
        shown = endpoints[:ENDPOINTS_MAX]
        certificates = {bytes(e.ServerCertificate) for e in shown if e.ServerCertificate}
        return {
            "endpoints": [_endpoint_document(endpoint) for endpoint in shown],
            "certificates": [
                await asyncio.to_thread(_certificate_document, self._pki, der)
                for der in sorted(certificates)
            ],
        }

    async def _trust(self, parameters: dict[str, Any], server: Server) -> dict[str, Any]:
        """Trust the certificate that a person has compared, if the server shows it now."""
        request = _TrustParameters.model_validate(parameters)
        endpoints = await _load_endpoints(server)
        for endpoint in endpoints:
            der = bytes(endpoint.ServerCertificate or b"")
            if der and pki.fingerprint_of(pki.parse_certificate(der)) == request.fingerprint:
                await asyncio.to_thread(pki.load_identity, self._pki, self._connector)
                await asyncio.to_thread(pki.trust_shown_certificate, self._pki, der)
                return await self._document_of(endpoints)
        raise ConfigurationRejected(
            Sentence("connector.certificate_not_shown", fingerprint=request.fingerprint)
        )

    async def _browse(self, parameters: dict[str, Any], server: Server) -> dict[str, Any]:
        request = _BrowseParameters.model_validate(parameters)
        session, config = await self._open(request, ["/Objects"], server)
        try:
            explorer = Explorer(session, config.timeout_s)
            node = node_of(request.node, session.namespaces) if request.node else _OBJECTS
            references = await explorer.first_references(node, COUNTED_MAX)
            nodes = await _describe(explorer, session, references[:NODES_MAX])
            return {"nodes": nodes, "more": max(0, len(references) - NODES_MAX)}
        except LookupError as error:
            raise ConfigurationRejected(
                Sentence("connector.exploration_node", node=request.node or "")
            ) from error
        finally:
            await session.client.stop(close_session=True)

    async def _suggest(self, parameters: dict[str, Any], server: Server) -> dict[str, Any]:
        """Suggest an edge file for the variables below nodes, beside their present values."""
        request = _SuggestParameters.model_validate(parameters)
        session, config = await self._open(request, request.nodes, server)
        try:
            variables = await list_variables(session, config)
            explorer = Explorer(session, config.timeout_s)
            await load_types(explorer, [v.step for v in variables if v.step is not None])
            values = await explorer.read_values([variable.node for variable in variables])
        finally:
            await session.client.stop(close_session=True)
        return self._suggestion(request, config, variables, values)

    def _suggestion(
        self,
        request: _SuggestParameters,
        config: OpcuaConfig,
        variables: list[Variable],
        values: list[ReadValue],
    ) -> dict[str, Any]:
        name = request.connector
        options: dict[str, Any] = {
            "url": config.url,
            **({"policy": config.policy, "mode": config.mode} if config.policy != "None" else
               {"policy": "None", "allow_insecure": True}),
            "pki": str(self._pki.resolve()),  # of this edge: what it trusts, the new one trusts
            "browse": [{"root": rule.root, "depth": rule.depth} for rule in config.browse],
        }  # fmt: skip
        if request.user is not None:
            file = self._folder / self._users[request.user].password_file
            options |= {"user": request.user, "password_file": str(file.resolve())}
        rules = {str(rule["source"]): rule for rule in rules_of_variables(name, variables, {})}
        rows = [
            _row_document(variable, value, rules.get(escape_address(variable.address), {}))
            for variable, value in zip(variables, values, strict=True)
        ]
        document = format_edge_file(name, f"{name}.yaml", options, variables)
        return {"document": document, "variables": rows}

    def _password_file_for(self, request: _SessionParameters, server: Server) -> Path | None:
        """Return the file of the user's password, if this server may get it."""
        if request.user is None:
            return None
        user = self._users.get(request.user)
        if user is None:
            raise ConfigurationRejected(Sentence("connector.exploration_user", user=request.user))
        if not server.is_among(user.hosts):
            raise ConfigurationRejected(
                Sentence("connector.exploration_user_host", user=request.user, host=server.host)
            )
        if request.policy == "None":
            raise ConfigurationRejected(Sentence("connector.exploration_password"))
        return user.password_file

    async def _open(self, request: _SessionParameters, roots: list[str], server: Server) -> Open:
        config = OpcuaConfig.model_validate(
            {
                "url": server.url, "policy": request.policy,
                "mode": "SignAndEncrypt" if request.policy == "None" else request.mode,
                "allow_insecure": request.policy == "None", "user": request.user,
                "password_file": self._password_file_for(request, server), "timeout_s": TIMEOUT_S,
                "browse": [{"root": root, "depth": 8} for root in roots],
                "max_variables": VARIABLES_MAX,
            }
        )  # fmt: skip
        identity = await asyncio.to_thread(pki.load_identity, self._pki, self._connector)
        addresses = _addresses_of(server)
        return await open_session(config, self._folder, identity, addresses=addresses), config


async def _load_endpoints(server: Server) -> list[Any]:
    return await load_endpoints(server.url, TIMEOUT_S, _addresses_of(server))


def _addresses_of(server: Server) -> list[str]:
    return [str(address) for address in server.addresses]


def _endpoint_document(endpoint: Any) -> dict[str, Any]:
    policy, mode = security_of(endpoint)
    tokens = {str(token.TokenType.name).rstrip("_") for token in endpoint.UserIdentityTokens or []}
    return {
        "url": str(endpoint.EndpointUrl)[:_TEXT_MAX],
        "policy": policy,
        "mode": mode,
        "level": int(endpoint.SecurityLevel),
        "tokens": sorted(tokens),
    }


def _certificate_document(folder: Path, der: bytes) -> dict[str, Any]:
    certificate = pki.parse_certificate(der)
    fingerprint = pki.fingerprint_of(certificate)
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return {
        "fingerprint": fingerprint,
        "subject": certificate.subject.rfc4514_string()[:_TEXT_MAX],
        "issuer": certificate.issuer.rfc4514_string()[:_TEXT_MAX],
        "names": _names_of(certificate),
        "start": start.isoformat(),
        "until": end.isoformat(),
        "is_valid_now": start <= datetime.now(UTC) <= end,
        "is_trusted": pki.is_trusted(folder, fingerprint),
    }


def _names_of(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(name.value)[:_TEXT_MAX] for name in names][:20]


async def _describe(
    explorer: Explorer, session: OpcuaSession, references: list[Any]
) -> list[dict[str, Any]]:
    """Return name, kind and, of variables, type and present value of the nodes referred to."""
    nodes = [ua.NodeId(r.NodeId.Identifier, r.NodeId.NamespaceIndex, r.NodeId.NodeIdType)
             for r in references]  # fmt: skip
    variables = [node for node, r in zip(nodes, references, strict=True) if r.NodeClass == VARIABLE]
    types = [row[0] for row in await explorer.read(variables, ua.AttributeIds.DataType)]
    bases = await load_base_types(explorer, {node for node in types if node is not None})
    values = await explorer.read_values(variables)
    variable_facts = {
        node: (bases.get(datatype, "Variant"), value)
        for node, datatype, value in zip(variables, types, values, strict=True)
    }
    documents = []
    for node, reference in zip(nodes, references, strict=True):
        datatype, value = variable_facts.get(node, (None, None))
        documents.append({
            "address": address_of(node, session.namespaces)[:500],
            "name": str(reference.DisplayName.Text or reference.BrowseName.Name)[:_TEXT_MAX],
            "kind": "variable" if node in variable_facts else "object",
            "datatype": datatype,
            "value": None if value is None else value_text(value),
        })  # fmt: skip
    return documents


def _row_document(variable: Variable, value: ReadValue, rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "address": variable.address,
        "path": variable.path,
        "datatype": variable.datatype + ("[]" if variable.rank >= 0 else ""),
        "unit": rule.get("unit"),
        "equipment": rule.get("equipment"),
        "signal": rule.get("signal"),
        "role": rule.get("role"),
        "value": value_text(value),
    }


def value_text(value: ReadValue) -> str | None:
    """Return a value as a short text; None where there is none, or a bad one."""
    if not value.is_usable:
        return None
    shown = value.value
    if isinstance(shown, float):
        return f"{shown:.6g}"
    text = getattr(shown, "Text", shown)  # of a LocalizedText
    return str(text)[:_TEXT_MAX]
