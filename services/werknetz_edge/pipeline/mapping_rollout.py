"""Decides which mapping a connector uses: that of the edge file, or a later one from the core.

A version from the core is stored beside the spool once it has normalized a delivery, so that a
restart without the core continues with it. A version that cannot be loaded, or that fails at its
first delivery, is rejected: the previous one stays in use, and the status gives the reason.
"""

from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

from werknetz.connector.mapping.mapping import Mapping, parse_mapping
from werknetz.connector.yaml_format import ConfigurationError, parse_yaml
from werknetz.link.wire import DesiredMapping
from werknetz.runtime.log import get_logger
from werknetz_edge.durable_file import write_durably

_log = get_logger("edge.mapping")
TRIAL_S: Final = 60.0
_DETAIL_MAX: Final = 2_000


@dataclass(frozen=True, slots=True)
class MappingTrial:
    """A mapping in use that has not normalized a delivery yet."""

    desired: DesiredMapping
    mapping: Mapping
    since_s: float = field(default_factory=monotonic)

    @property
    def is_over(self) -> bool:
        """Whether the source was silent for so long that the mapping is stored untested."""
        return monotonic() - self.since_s > TRIAL_S


@dataclass(slots=True)
class MappingRollout:
    """State of the rollout. Its only I/O is `file`."""

    file: Path
    own: Mapping  # of the edge's own file
    follow: bool = True
    state: str = "own"
    detail: str = ""
    _current: Mapping | None = None
    _rejected_digest: bytes = b""  # of a mapping that failed: it is not tried again

    @property
    def current(self) -> Mapping:
        if self._current is None:
            self._current = self._load_stored() or self.own
        return self._current

    def decide(self, desired: DesiredMapping | None) -> Mapping | None:
        """Return the mapping to change to, or None to keep the current one. Never raises."""
        if desired is None:
            if self.state != "failed":
                self.state, self.detail = "own", ""
            return None
        if desired.digest == self.current.digest and desired.version == self.current.version:
            self.state, self.detail = "in_sync", ""
            return None
        if desired.digest == self._rejected_digest:
            return None
        if desired.name != self.own.name or not self.follow:
            self.state = "out_of_sync"
            reason = "`follow` is off" if not self.follow else "its name differs"
            self.detail = f"the core wants {desired.label}, {reason}: {self.current.label} is used"
            return None
        try:
            return _parse_document(desired.document, desired.label)
        except ConfigurationError as error:
            self.reject(desired, str(error))
            return None

    def trial(self) -> None:
        """Note that the desired mapping is in use on trial."""
        self.state, self.detail = "in_sync", ""

    def commit(self, mapping: Mapping, document: str) -> None:
        """Store the mapping for the next start. Raises OSError: the previous one then stays."""
        write_durably(self.file, document)
        self._current = mapping
        self.state, self.detail, self._rejected_digest = "in_sync", "", b""
        _log.info("mapping in use", mapping=mapping.label)

    def reject(self, desired: DesiredMapping, reason: str) -> None:
        """Keep the current mapping and report the reason."""
        self._rejected_digest = desired.digest
        self.state = "failed"
        self.detail = f"{desired.label}: {reason}"[:_DETAIL_MAX]
        _log.error("mapping rejected", mapping=desired.label, reason=reason)

    def _load_stored(self) -> Mapping | None:
        """Load the last mapping from the core, unless the edge file has a higher version."""
        try:
            document = self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            self.state, self.detail = "failed", f"{self.file}: {error}"
            return None
        try:
            stored = _parse_document(document, str(self.file))
        except ConfigurationError as error:
            self.state, self.detail = "failed", str(error)[:_DETAIL_MAX]
            return None
        is_applicable = stored.name == self.own.name and stored.version >= self.own.version
        return stored if is_applicable and self.follow else None


def _parse_document(document: str, name: str) -> Mapping:
    """Parse a mapping alone, or a file that has one under `mapping`."""
    form = parse_yaml(document, file=name)
    wrapped = isinstance(form.tree, dict) and "mapping" in form.tree
    return parse_mapping(form, ("mapping",) if wrapped else ())
