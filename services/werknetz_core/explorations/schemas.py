"""Explorations of a source through an edge, as the API takes and shows them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from werknetz.link.wire import CONNECTOR_NAME
from werknetz_core.connectors.schemas import ConnectorErrorView

Text = Annotated[str, Field(min_length=1, max_length=500)]
Policy = Literal["None", "Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"]
Mode = Literal["None", "Sign", "SignAndEncrypt"]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[
        Text, Field(pattern=r"^opc\.tcp://[^@\s]+$", examples=["opc.tcp://10.1.2.3:4840"])
    ]


class EndpointsRequest(_Request):
    """List the endpoints of an OPC UA server and the certificates that it shows."""

    action: Literal["endpoints"]


class TrustRequest(_Request):
    """Trust the certificate with this fingerprint, which a person has compared."""

    action: Literal["trust"]
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _SessionRequest(_Request):
    policy: Policy
    mode: Mode
    # One of `explore.users` of the edge file, which has its password and the hosts that may get it.
    user: Text | None = None


class BrowseRequest(_SessionRequest):
    """List what is below a node."""

    action: Literal["browse"]
    node: Text | None = None  # its address; null: the folder of objects


class SuggestRequest(_SessionRequest):
    """Suggest an edge file for the variables below nodes, with their present values."""

    action: Literal["suggest"]
    nodes: Annotated[list[Text], Field(min_length=1, max_length=20)]
    connector: Annotated[str, Field(pattern=CONNECTOR_NAME)]  # its name-to-be


NewExploration = Annotated[
    EndpointsRequest | TrustRequest | BrowseRequest | SuggestRequest, Field(discriminator="action")
]


class EndpointView(BaseModel):
    url: str
    policy: str
    mode: str
    level: int  # as the server rates it; higher is more secure
    tokens: list[str]  # Anonymous, UserName, Certificate, IssuedToken


class ServerCertificateView(BaseModel):
    fingerprint: str  # SHA-256, hexadecimal: compare it with the server's own display
    subject: str
    issuer: str
    names: list[str]  # its hosts and application URI
    start: datetime
    until: datetime
    is_valid_now: bool
    is_trusted: bool  # by the edge


class ServerView(BaseModel):
    endpoints: list[EndpointView]
    certificates: list[ServerCertificateView]


class NodeView(BaseModel):
    address: str  # with the URI of its namespace
    name: str
    kind: Literal["object", "variable"]
    datatype: str | None
    value: str | None  # now, shortened; null: none, or a bad one


class NodesView(BaseModel):
    nodes: list[NodeView]
    more: int  # nodes that are not shown, counted up to 5,000 of a level


class SuggestedVariableView(BaseModel):
    address: str
    path: str
    datatype: str
    unit: str | None
    equipment: str | None
    signal: str | None
    role: str | None  # suggested by the server's types: check it
    value: str | None  # now, shortened


class SuggestionView(BaseModel):
    document: str  # the edge file, YAML
    variables: list[SuggestedVariableView]


class ExplorationView(BaseModel):
    id: str
    connector: str
    action: Literal["endpoints", "trust", "browse", "suggest"]
    state: Literal["waiting", "running", "done", "failed"]
    changed_at: datetime
    error: ConnectorErrorView | None  # of a failure
    server: ServerView | None  # of endpoints and trust
    nodes: NodesView | None  # of browse
    suggestion: SuggestionView | None  # of suggest
