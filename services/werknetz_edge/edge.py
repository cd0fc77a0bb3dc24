"""The composition root of an edge: each edge file becomes one running pump."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from werknetz.connector.contract import Connector
from werknetz.connector.yaml_format import ConfigurationError, explain_errors, load_yaml
from werknetz.events.batch import LaneName
from werknetz.link.redis import RedisEdgeLink
from werknetz.link.redis_requests import RedisRequestLink
from werknetz.link.wire import link_name_of
from werknetz.runtime.log import get_logger, mask_passwords
from werknetz.runtime.settings import SettingError
from werknetz_edge.config import EdgeConfig, load_config
from werknetz_edge.pipeline.exploration import Explorations
from werknetz_edge.pipeline.lane import Lane
from werknetz_edge.pipeline.mapping_rollout import MappingRollout
from werknetz_edge.pipeline.pump import Pump
from werknetz_edge.pipeline.reporter import Reporter
from werknetz_edge.pipeline.source import BrokenConnector
from werknetz_edge.pipeline.supervise import must_propagate, run_supervised

STOP_S: Final = 10.0
_LANES: Final[dict[str, LaneName]] = {"live": "live", "backfill": "backfill"}


def create_connector(config: EdgeConfig) -> Connector:
    """Import the protocol's module and create the connector; raise ConfigurationError."""
    try:
        create = config.entry_point.load()
    except ImportError as error:
        remedy = "install the extra that contains it, such as pip install 'werknetz[edge]'"
        raise ConfigurationError([f"protocol {config.protocol}: {error}; {remedy}"]) from error
    connector: Connector = create(config.connector, config.options, config.folder)
    return connector


def build_pump(config: EdgeConfig) -> Pump:
    """Create the connector, open spool and link; nothing runs yet.

    Raises ConfigurationError or ValidationError for wrong options. Any other exception of the
    connector's construction is a failure of that connector: it is created again later.
    """
    if config.redis_url is None:
        raise SettingError("set WERKNETZ_REDIS_URL, or redis.url in the YAML file")
    config.folder.mkdir(parents=True, exist_ok=True)
    connector = _create_at_start(config)
    rollout_file = config.folder / f"{config.connector}.mapping.yaml"
    rollout = MappingRollout(rollout_file, config.mapping, follow=config.follow)
    return Pump(
        connector,
        partial(_open_lane, config, rollout, config.redis_url),
        protocol=config.protocol,
        retention_us=config.retention_us,
        rollout=rollout,
        create=partial(create_connector, config),
        reporter=Reporter(is_history=config.time.history, explores=config.explore.hosts),
        explorations=_open_explorations(config, config.redis_url),
    )


def _create_at_start(config: EdgeConfig) -> Connector:
    try:
        return create_connector(config)
    except (ConfigurationError, ValidationError):
        raise
    except BaseException as error:
        if must_propagate(error):
            raise
        return BrokenConnector(error)


def _open_explorations(config: EdgeConfig, redis_url: str) -> Explorations | None:
    """Return what carries out requests of people; None where the edge file allows no host."""
    if not config.explore.hosts:
        return None
    try:
        from werknetz_edge.opcua.explore.on_demand import OnDemandExplorer
    except ImportError as error:
        text = f"explore: {error}; install the extra for OPC UA: pip install 'werknetz[edge]'"
        raise ConfigurationError([text]) from error
    explorer = OnDemandExplorer(config.connector, config.folder, config.explore.users)
    log = get_logger("edge.explore").bind(connector=config.connector)
    for name, user in config.explore.users.items():
        if not user.hosts:
            remedy = "write password_file and hosts under explore.users of the edge file"
            log.warning("no server may get the password", user=name, remedy=remedy)
    return Explorations(
        RedisRequestLink.connect(redis_url, config.connector),
        explorer.explore,
        config.explore.hosts,
        log,
    )


def _open_lane(config: EdgeConfig, rollout: MappingRollout, redis_url: str, name: str) -> Lane:
    lane = _LANES[name]
    return Lane(
        config.connector,
        config.folder,
        rollout.current,
        RedisEdgeLink.connect(redis_url, link_name_of(config.connector, lane)),
        lane=lane,
        bytes_max=config.spool_bytes_max,
        raw_bytes_per_minute_max=config.raw.bytes_per_minute_max if config.raw.keep else 0,
        time_options=config.time,
    )


async def run_edge(*config_paths: Path, stop: asyncio.Event | None = None) -> None:
    """Run until SIGTERM, SIGINT or `stop`; the process is killed if it has not stopped after 10 s.

    Several files are several connectors in one process. A connector that fails is started again
    with back-off while the others go on; only a failure of a spool ends the process (R1, M14).
    Raises ConfigurationError, SettingError, SpoolLocked or a group of SpoolFailed.
    """
    configs = [load_config(path) for path in config_paths]
    _check_names(configs, config_paths)
    log = get_logger("edge")
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _request_stop, loop, stop)
    try:
        pumps = [_pump_of(*pair) for pair in zip(configs, config_paths, strict=True)]
        for config in configs:
            log.info(
                "edge started",
                connector=config.connector,
                protocol=config.protocol,
                folder=str(config.folder),
                redis=mask_passwords(config.redis_url or ""),
            )
        async with asyncio.TaskGroup() as group:
            for config, path, pump in zip(configs, config_paths, pumps, strict=True):
                group.create_task(_run_pump(config, path, pump, stop))
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    log.info("edge stopped", connectors=", ".join(config.connector for config in configs))


def _pump_of(config: EdgeConfig, path: Path) -> Pump:
    try:
        return build_pump(config)
    except ValidationError as error:  # the connector's own options
        raise ConfigurationError(explain_errors(load_yaml(path), ("options",), error)) from error


async def _run_pump(config: EdgeConfig, path: Path, pump: Pump, stop: asyncio.Event) -> None:
    """Run one connector; after an unexpected error of the pump itself, build it again."""
    first: list[Pump] = [pump]

    async def run() -> None:
        await (first.pop() if first else _pump_of(config, path)).run(stop)

    log = get_logger("edge").bind(connector=config.connector)
    await run_supervised("pump", run, log, stop=stop)


def _check_names(configs: Sequence[EdgeConfig], paths: Sequence[Path]) -> None:
    first: dict[str, Path] = {}
    for config, path in zip(configs, paths, strict=True):
        if (other := first.setdefault(config.connector, path)) is not path:
            text = f"connector {config.connector!r} is already used by {other}: choose another name"
            raise ConfigurationError([f"{path}: {text}"])


def _request_stop(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    stop.set()
    loop.call_later(STOP_S, _kill_process)


def _kill_process() -> None:
    # As harmless as any kill: accepted deliveries are on disk (R1).
    get_logger("edge").error("did not stop in time", after_s=STOP_S)
    sys.stderr.flush()
    signal.raise_signal(signal.SIGKILL)
