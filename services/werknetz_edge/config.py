"""The YAML file of one edge: source, spool and mapping. Errors name the line."""

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from werknetz.connector.clock.clock_check import TimeOptions
from werknetz.connector.mapping.mapping import Mapping, load_mapping, parse_mapping
from werknetz.connector.yaml_format import ConfigurationError, explain_errors, load_yaml
from werknetz.link.wire import CONNECTOR_NAME
from werknetz.runtime.settings import read_env
from werknetz_edge.hosts import check_host
from werknetz_edge.spool.spool import BYTES_MAX

GROUP: Final = "werknetz.connectors"


class _StrictModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SpoolOptions(_StrictModel):
    folder: Path = Field(Path("spool"), description="Folder of the spool, beside the YAML file")
    bytes_max: int = Field(
        BYTES_MAX, ge=1_000_000, description="Size at which reading the source stops"
    )
    retention_h: float = Field(
        72.0, ge=0, description="Hours for which acknowledged batches are stored"
    )


class RawOptions(_StrictModel):
    """Raw input is stored beside the mapped values, so that a mapping can be replayed."""

    keep: bool = Field(True, description="Send raw input, too; the core stores it for 30 days")
    bytes_per_minute_max: int = Field(
        64_000_000,
        ge=10_000,
        description="Above it raw input is dropped and counted; mapped values never are",
    )


Host = Annotated[str, AfterValidator(check_host)]


class ExploreUser(_StrictModel):
    """A user whose password this edge has."""

    password_file: Path = Field(description="file, relative to the folder of the spool")
    hosts: tuple[Host, ...] = Field(
        min_length=1,
        max_length=100,
        description="the servers that may get the password: host names, addresses and networks",
    )


def _user_of_before(value: object) -> object:
    """Read a file of a password alone, as edge files had it: no server gets the password.

    The edge starts with it, as nothing that it collects depends on it.
    """
    if isinstance(value, str):
        return ExploreUser.model_construct(password_file=Path(value), hosts=())
    return value


class ExploreOptions(_StrictModel):
    """What people may reach from the page, through this edge. Nothing by default."""

    hosts: tuple[Host, ...] = Field(
        (),
        max_length=100,
        description="host names, addresses and networks, such as 10.20.0.0/16, whose OPC UA servers"
        " engineers may explore from the page; default: none",
    )
    users: dict[str, Annotated[ExploreUser, BeforeValidator(_user_of_before)]] = Field(
        {},
        description="user names that they may send, each with the file of its password and the"
        " servers that it is for",
    )


class RedisOptions(_StrictModel):
    url: str | None = Field(None, description="Default: WERKNETZ_REDIS_URL")


class EdgeForm(_StrictModel):
    """The edge file as it is written."""

    connector: str = Field(pattern=CONNECTOR_NAME, description="Permanent id of the connector")
    protocol: str = Field(description="One of the installed connectors")
    spool: SpoolOptions = SpoolOptions()
    redis: RedisOptions = RedisOptions()
    raw: RawOptions = RawOptions()
    time: TimeOptions = TimeOptions()
    explore: ExploreOptions = ExploreOptions()
    options: dict[str, Any] = {}
    mapping: dict[str, Any]
    follow: bool = Field(True, description="Change to later versions of the mapping from the core")


class EdgeConfig(_StrictModel):
    """The edge file, resolved: absolute paths, checked mapping, entry point of the connector."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    connector: str
    protocol: str
    folder: Path
    spool_bytes_max: int
    retention_us: int
    redis_url: str | None
    raw: RawOptions
    time: TimeOptions = TimeOptions()
    explore: ExploreOptions = ExploreOptions()
    options: dict[str, Any]
    mapping: Mapping
    follow: bool
    entry_point: EntryPoint


def load_config(path: Path) -> EdgeConfig:
    """Read the file; raise ConfigurationError with file, line, error and remedy."""
    document = load_yaml(path)
    if not isinstance(document.tree, dict):
        raise ConfigurationError(
            [document.error_at((), "needs keys: connector, protocol, mapping")]
        )
    try:
        form = EdgeForm.model_validate(document.tree)
    except ValidationError as error:
        raise ConfigurationError(explain_errors(document, (), error, EdgeForm)) from error
    protocols = {point.name: point for point in entry_points(group=GROUP)}
    if form.protocol not in protocols:
        available = ", ".join(sorted(protocols)) or "none: install an extra such as werknetz[edge]"
        text = f"protocol {form.protocol!r} is unknown; installed: {available}"
        raise ConfigurationError([document.error_at(("protocol",), text)])
    if set(form.mapping) == {"file"}:
        mapping = load_mapping(path.parent / str(form.mapping["file"]))
    else:
        mapping = parse_mapping(document)
    return EdgeConfig(
        connector=form.connector,
        protocol=form.protocol,
        folder=(path.parent / form.spool.folder).resolve(),
        spool_bytes_max=form.spool.bytes_max,
        retention_us=int(form.spool.retention_h * 3_600_000_000),
        redis_url=form.redis.url or read_env("WERKNETZ_REDIS_URL"),
        raw=form.raw,
        time=form.time,
        explore=form.explore,
        options=form.options,
        mapping=mapping,
        follow=form.follow,
        entry_point=protocols[form.protocol],
    )
