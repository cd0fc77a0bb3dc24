"""Options of an OPC UA source in the edge file."""

from math import ceil
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from werknetz_edge.opcua.address import node_of, parse_browse_path

Policy = Literal["None", "Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"]
Mode = Literal["None", "Sign", "SignAndEncrypt"]
QUEUE_MAX = 10_000


class BrowseRule(BaseModel):
    """A subtree of the server; all its variables are subscribed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    root: str = Field(
        description="browse path of names, /Objects/Cell7 or /Objects/{urn:plant}Cell7 (namespace"
        " URI in braces; without, any), or a node id nsu=urn:plant;s=Cell7"
    )
    depth: int = Field(8, ge=0, le=50, description="levels below the root; 0: the root alone")
    types: tuple[str, ...] = Field(
        (), description="data types to include, such as Double or Enumeration; default: all"
    )
    namespace: str | None = Field(
        None, description="only nodes of the namespace with this URI; default: all"
    )

    @field_validator("root")
    @classmethod
    def _readable(cls, root: str) -> str:
        if root.startswith("/"):
            parse_browse_path(root)
        else:
            node_of(root, _AnyNamespace())
        return root


class _AnyNamespace(tuple[str, ...]):
    """Contains every URI, to check only the form of an address."""

    __slots__ = ()

    def __contains__(self, uri: object) -> bool:
        return True

    def index(self, *_: object) -> int:
        return 1


class OpcuaConfig(BaseModel):
    """Options of one OPC UA source. Unknown options are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="opc.tcp://host:port/path of the server")
    policy: Policy = Field("Basic256Sha256", description="security policy of the endpoint")
    mode: Mode = Field("SignAndEncrypt", description="Sign or SignAndEncrypt")
    allow_insecure: bool = Field(
        False, description="must be true for policy None: values and names are sent unencrypted"
    )
    user: str | None = Field(None, description="user name; default: anonymous")
    password: SecretStr | None = Field(None, description="better: password_file")
    password_file: Path | None = Field(None, description="file that holds the password")
    pki: Path | None = Field(
        None, description="folder with own/, trusted/, rejected/; default: pki beside the spool"
    )
    browse: tuple[BrowseRule, ...] = Field(
        min_length=1, description="subtrees whose variables are subscribed"
    )
    max_variables: int = Field(20_000, ge=1, description="limit: more variables are an error")
    publishing_ms: float = Field(500, ge=10, le=60_000, description="how often the server sends")
    sampling_ms: float = Field(
        250, ge=0, le=3_600_000, description="how often the server samples; 0: as fast as it can"
    )
    queue_size: int | None = Field(
        None, ge=2, le=QUEUE_MAX, description="values that the server queues for each variable"
    )
    outage_s: float = Field(
        30, ge=0, description="length of an outage that the server's queues must bridge"
    )
    heartbeat_s: float = Field(
        2, ge=0.5, le=10, description="sampling interval of the server's clock, the sign of life"
    )
    silence_s: float = Field(
        15,
        ge=2,
        le=30,
        description="seconds without a sign of life until a new session",
    )
    check_s: float = Field(
        60,
        ge=1,
        le=3600,
        description="how often items are compared with the server: variables that were added,"
        " deleted or made again, and a sample of those that deliver nothing",
    )
    arrays: Literal["elements", "json"] = Field(
        "elements", description="an array is one signal per element, …[3], or one JSON text"
    )
    timeout_s: float = Field(10, ge=1, le=120, description="time-out of one request")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        address = urlsplit(self.url)
        if address.scheme != "opc.tcp" or not address.hostname or not address.port:
            raise ValueError(f"url {self.url!r}: write opc.tcp://host:port/path")
        if address.username or address.password:
            raise ValueError("url carries a user: use the options user and password_file")
        if self.policy == "None" and not self.allow_insecure:
            raise ValueError(
                "policy None sends everything unencrypted: use Basic256Sha256 or better,"
                " or set allow_insecure: true"
            )
        if self.policy != "None" and self.mode == "None":
            raise ValueError(f"policy {self.policy} needs mode Sign or SignAndEncrypt")
        if self.password is not None and self.password_file is not None:
            raise ValueError("set password or password_file, not both")
        if self.user is None and (self.password or self.password_file):
            raise ValueError("a password without a user: set user too")
        if self.silence_s < 2 * self.heartbeat_s:
            raise ValueError("silence_s must be at least twice heartbeat_s")
        return self

    @property
    def security(self) -> str:
        return "None" if self.policy == "None" else f"{self.policy}/{self.mode}"

    @property
    def queue_values(self) -> int:
        """Queue length for the changes of two publishing intervals and of an outage."""
        if self.queue_size is not None:
            return self.queue_size
        sampling = max(self.sampling_ms, 10)
        needed = 2 * ceil(self.publishing_ms / sampling) + ceil(self.outage_s * 1000 / sampling)
        return max(10, min(needed, QUEUE_MAX))

    def read_password(self, folder: Path) -> str | None:
        """Return the password, from its file or the option. Raises OSError."""
        if self.password_file is not None:
            return (folder / self.password_file).read_text(encoding="utf-8").rstrip("\r\n")
        return self.password.get_secret_value() if self.password else None
