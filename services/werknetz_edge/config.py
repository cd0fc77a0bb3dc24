"""The YAML of one edge: which source, which spool, which mapping; errors name their line."""

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from werknetz.connector.mapping.mapping import Mapping, load_mapping, parse_mapping
from werknetz.connector.yaml_format import ConfigurationError, explain_errors, load_yaml
from werknetz.runtime.settings import read_env
from werknetz_edge.spool.spool import BYTES_MAX

GROUP: Final = "werknetz.connectors"
_CONNECTOR_ID: Final = r"^[a-z0-9][a-z0-9._-]{0,62}$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SpoolOptions(_Strict):
    folder: Path = Field(Path("spool"), description="Folder of the spool, beside the YAML file")
    bytes_max: int = Field(BYTES_MAX, ge=1_000_000, description="Size at which input waits")
    retention_h: float = Field(72.0, ge=0, description="Hours that acknowledged batches are kept")


class RawOptions(_Strict):
    """What the source gave is kept beside what it meant, so that a mapping can be run again."""

    keep: bool = Field(True, description="Send it along; the core keeps it for 30 days")
    bytes_per_minute_max: int = Field(
        64_000_000, ge=10_000, description="Above it raw data is dropped and counted, facts never"
    )


class RedisOptions(_Strict):
    url: str | None = Field(None, description="Default: WERKNETZ_REDIS_URL")


class EdgeForm(_Strict):
    """The file as it is written."""

    connector: str = Field(pattern=_CONNECTOR_ID, description="Name of the connector, for ever")
    protocol: str = Field(description="One of the installed connectors")
    spool: SpoolOptions = SpoolOptions()
    redis: RedisOptions = RedisOptions()
    raw: RawOptions = RawOptions()
    options: dict[str, Any] = {}
    mapping: dict[str, Any]
    follow: bool = Field(True, description="Change to later versions of the mapping from the core")


class EdgeConfig(_Strict):
    """The file as it is meant: paths resolved, mapping checked, connector found."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    connector: str
    protocol: str
    folder: Path
    spool_bytes_max: int
    retention_us: int
    redis_url: str | None
    raw: RawOptions
    options: dict[str, Any]
    mapping: Mapping
    follow: bool
    entry_point: EntryPoint


def load_config(path: Path) -> EdgeConfig:
    """Read the file; raise ConfigurationError with file, line, error and remedy."""
    form = load_yaml(path)
    if not isinstance(form.tree, dict):
        raise ConfigurationError([form.error_at((), "needs keys: connector, protocol, mapping")])
    try:
        given = EdgeForm.model_validate(form.tree)
    except ValidationError as error:
        raise ConfigurationError(explain_errors(form, (), error, EdgeForm)) from error
    known = {point.name: point for point in entry_points(group=GROUP)}
    if given.protocol not in known:
        there = ", ".join(sorted(known)) or "none: install an extra such as werknetz[edge]"
        text = f"protocol {given.protocol!r} is not known; there are: {there}"
        raise ConfigurationError([form.error_at(("protocol",), text)])
    if set(given.mapping) == {"file"}:
        mapping = load_mapping(path.parent / str(given.mapping["file"]))
    else:
        mapping = parse_mapping(form)
    return EdgeConfig(
        connector=given.connector,
        protocol=given.protocol,
        folder=(path.parent / given.spool.folder).resolve(),
        spool_bytes_max=given.spool.bytes_max,
        retention_us=int(given.spool.retention_h * 3_600_000_000),
        redis_url=given.redis.url or read_env("WERKNETZ_REDIS_URL"),
        raw=given.raw,
        options=given.options,
        mapping=mapping,
        follow=given.follow,
        entry_point=known[given.protocol],
    )
