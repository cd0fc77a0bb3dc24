"""A file with the metrics that have values, to mark them stale if their node dies meanwhile.

Names only: aliases and datatypes are valid for one birth.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from werknetz_edge.durable_file import write_durably

MetricNames = Mapping[str, Mapping[str, Sequence[str]]]  # node → device ("": the node) → metrics


@dataclass(frozen=True, slots=True)
class AliveMetricsFile:
    path: Path

    def load(self) -> MetricNames:
        """Return the saved names; none if the file cannot be read: nodes then send new births."""
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            return {
                str(node): {
                    str(device): [str(name) for name in names] for device, names in sources.items()
                }
                for node, sources in content.items()
            }
        except (OSError, ValueError, AttributeError, TypeError):
            return {}

    def save(self, names: MetricNames) -> None:
        write_durably(self.path, json.dumps(names))
