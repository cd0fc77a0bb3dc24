"""Starts the API, in this process or in several; says the remedy where it cannot start."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from werknetz.runtime.http_server.limits import HttpLimits
from werknetz.runtime.http_server.server import LimitedServer
from werknetz.runtime.http_server.tls import ServerTls, TlsFilesInvalid
from werknetz.runtime.settings import SettingError
from werknetz_core.app import create_app
from werknetz_core.processes import supervisor
from werknetz_core.processes.worker import DRAIN_S, ApiOptions
from werknetz_core.settings import CoreSettings

Value = TypeVar("Value")


class StartRefused(Exception):
    """An option is not valid, or the address is in use."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class StartOptions:
    """What the command line says of serving."""

    host: str
    port: int
    tls_cert: Path | None
    tls_key: Path | None
    root_path: str
    workers: int

    def check(self, settings: CoreSettings) -> ApiOptions:
        """Return what each process needs; raise StartRefused."""
        limits = _read_limits()
        tls = self._tls_files()
        path = self.root_path
        if path and (not path.startswith("/") or path.endswith("/")):
            raise StartRefused(
                f"--root-path {path!r} is not valid", "begin with / and end without, as /werknetz"
            )
        return ApiOptions(settings, limits, tls, path)

    def _tls_files(self) -> tuple[Path, Path] | None:
        cert, key = self.tls_cert, self.tls_key
        if cert is None and key is None:
            return None
        if cert is None or key is None:
            raise StartRefused("--tls-cert and --tls-key go together", "set both, or neither")
        _load_tls((cert, key))
        return cert, key


def serve_api(options: StartOptions, api: ApiOptions) -> None:
    """Serve until SIGTERM or SIGINT; raise StartRefused."""
    host, port = options.host, options.port
    if options.workers == 1:
        server = LimitedServer(
            create_app(api.settings), api.limits, None if api.tls is None else _load_tls(api.tls),
            host=host, port=port, root_path=api.root_path, timeout_graceful_shutdown=DRAIN_S,
        )  # fmt: skip
        server.run()
        return
    try:
        asyncio.run(supervisor.serve(api, host=host, port=port, workers=options.workers))
    except OSError as error:
        raise StartRefused(
            f"{host}:{port}: {error.strerror}", "choose another --host or --port"
        ) from error


def _read_limits() -> HttpLimits:
    return _refuse(HttpLimits.from_environment, "correct the variable, or unset it for the default")


def _load_tls(files: tuple[Path, Path]) -> ServerTls:
    return _refuse(
        lambda: ServerTls(*files),
        "write a valid certificate with its chain and its key, both as PEM",
    )


def _refuse(read: Callable[[], Value], remedy: str) -> Value:
    try:
        return read()
    except (SettingError, TlsFilesInvalid) as error:
        raise StartRefused(str(error), remedy) from error
