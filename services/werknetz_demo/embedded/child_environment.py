"""What a process of the demo sees of the environment: the URLs that it needs, and these as files.

A URL contains a password. `/proc/PID/environ` and crash reports show an environment, files with
mode 0600 are read by their owner only. An edge needs no database, so it gets no path to one.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from werknetz.runtime.environment import PREFIX, VARIABLES, Reader
from werknetz.store.access.rows_key import SETTING
from werknetz_demo.embedded.state import make_private

_DATABASE: Final = "WERKNETZ_DATABASE_URL"
_REDIS: Final = "WERKNETZ_REDIS_URL"
_BROKER: Final = "WERKNETZ_BROKER_URL"
_MQTT: Final = "WERKNETZ_MQTT_URL"
_NEEDS: Final[Mapping[str, tuple[Reader, tuple[str, ...]]]] = {
    "up": ("core", (_DATABASE, _REDIS, SETTING)),
    "ingest": ("ingest", (_DATABASE, _REDIS)),
    "worker": ("worker", (_DATABASE, _REDIS, _BROKER)),
    "beat": ("worker", (_BROKER,)),
    "edge": ("edge", (_REDIS,)),
    "simulate": ("simulator", (_MQTT,)),
}
_URLS: Final = frozenset({_DATABASE, _REDIS, _BROKER, _MQTT})
_READERS: Final = {variable.name: variable.readers for variable in VARIABLES}


class ChildEnvironment:
    """Writes the URLs as files below `folder`, once; `of` names those that a command needs."""

    def __init__(
        self,
        folder: Path,
        urls: Mapping[str, str],
        own: Mapping[str, str] = os.environ,
        databases: Mapping[str, str] | None = None,
    ) -> None:
        """`databases`: the URL of the database for commands that have a user of their own."""
        self._folder = folder / "urls"
        self._names = frozenset(urls)
        self._own = own
        make_private(self._folder)
        self._commands = frozenset(databases or ())
        for name, url in urls.items():
            _write(self._file_of(name), url)
        for command, url in (databases or {}).items():
            _write(self._file_of(_DATABASE, command), url)

    def of(self, command: str) -> dict[str, str]:
        """Return the environment of `werknetz <command>`; an unknown command gets no URL."""
        reader, needed = _NEEDS.get(command, (None, ()))
        passed = {
            name: text
            for name, text in self._own.items()
            if _may_see(reader, name) and name.removesuffix("_FILE") not in self._names
        }
        files = {
            f"{name}_FILE": str(self._file_of(name, command))
            for name in needed
            if name in self._names
        }
        return passed | files

    def _file_of(self, name: str, command: str = "") -> Path:
        own = f"_{command}" if name == _DATABASE and command in self._commands else ""
        return self._folder / (name.removeprefix(PREFIX).lower() + own)


def _write(file: Path, url: str) -> None:
    file.touch(mode=0o600)
    file.write_text(f"{url}\n")


def _may_see(reader: Reader | None, name: str) -> bool:
    """Whether a variable of ours is for this process; those of others are none of our secrets."""
    variable = name.removesuffix("_FILE")
    if variable in _URLS:
        return False
    readers = _READERS.get(variable) or _READERS.get(name)
    return readers is None or "all" in readers or reader in readers
