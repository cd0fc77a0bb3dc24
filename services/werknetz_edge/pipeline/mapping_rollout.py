"""Which mapping a connector uses: the file's, or a later one that the core wants.

A version from the core is kept beside the spool once it has named a delivery, so that a restart
without the core goes on with it. One that cannot be loaded, or that fails at the first delivery,
is put aside: the one before stays in force, and the status says why.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

from werknetz.connector.mapping.mapping import Mapping, parse_mapping
from werknetz.connector.yaml_format import ConfigurationError, parse_yaml
from werknetz.link.wire import DesiredMapping
from werknetz.runtime.log import get_logger

_log = get_logger("edge.follow")
TRIAL_S: Final = 60.0
_DETAIL_MAX: Final = 2_000


@dataclass(frozen=True, slots=True)
class Trial:
    """A mapping in use that has not yet shown that it works."""

    wanted: DesiredMapping
    mapping: Mapping
    since_s: float = field(default_factory=monotonic)

    @property
    def is_old(self) -> bool:
        """A source that is silent so long proves nothing: the mapping is kept all the same."""
        return monotonic() - self.since_s > TRIAL_S


@dataclass(slots=True)
class Follower:
    """Lives as long as the process; no I/O but the one file."""

    file: Path
    own: Mapping  # of the edge's own file
    follow: bool = True
    state: str = "own"
    detail: str = ""
    _current: Mapping | None = None
    _refused: bytes = b""  # the digest of what did not load: not tried again and again

    @property
    def current(self) -> Mapping:
        if self._current is None:
            self._current = self._kept() or self.own
        return self._current

    def wants(self, wanted: DesiredMapping | None) -> Mapping | None:
        """Return the mapping to change to; None: stay. Never raises."""
        if wanted is None:
            if self.state != "failed":
                self.state, self.detail = "own", ""
            return None
        if wanted.digest == self.current.digest and wanted.version == self.current.version:
            self.state, self.detail = "in_sync", ""
            return None
        if wanted.digest == self._refused:
            return None
        if wanted.name != self.own.name or not self.follow:
            self.state = "out_of_sync"
            reason = "this edge does not follow" if not self.follow else "another name"
            self.detail = f"the core wants {wanted.label}, {reason}: {self.current.label} is used"
            return None
        try:
            return _read(wanted.document, wanted.label)
        except ConfigurationError as error:
            self.refuse(wanted, str(error))
            return None

    def tries(self) -> None:
        self.state, self.detail = "in_sync", ""

    def use(self, mapping: Mapping, document: str) -> None:
        """Keep it for the next start, too. Raises OSError: then the old one stays."""
        beside = self.file.with_suffix(".new")
        with beside.open("w", encoding="utf-8") as file:
            file.write(document)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.file)
        self._current = mapping
        self.state, self.detail, self._refused = "in_sync", "", b""
        _log.info("mapping in use", mapping=mapping.label)

    def refuse(self, wanted: DesiredMapping, reason: str) -> None:
        """Stay with the current one, and say why."""
        self._refused = wanted.digest
        self.state = "failed"
        self.detail = f"{wanted.label}: {reason}"[:_DETAIL_MAX]
        _log.error("mapping refused", mapping=wanted.label, reason=reason)

    def _kept(self) -> Mapping | None:
        """What the core wanted last; the file's own wins where its version is higher."""
        try:
            document = self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            self.state, self.detail = "failed", f"{self.file}: {error}"
            return None
        try:
            kept = _read(document, str(self.file))
        except ConfigurationError as error:
            self.state, self.detail = "failed", str(error)[:_DETAIL_MAX]
            return None
        newer = kept.name == self.own.name and kept.version >= self.own.version
        return kept if newer and self.follow else None


def _read(document: str, name: str) -> Mapping:
    """Read a document: a mapping alone, or a file that has it under `mapping`."""
    form = parse_yaml(document, file=name)
    wrapped = isinstance(form.tree, dict) and "mapping" in form.tree
    return parse_mapping(form, ("mapping",) if wrapped else ())
