"""Which metrics were alive, on disk: so that a node that died while no process ran is marked stale.

Names only. Aliases and datatypes are valid for one birth, and are never read from here.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Names = Mapping[str, Mapping[str, Sequence[str]]]  # node → device ("": the node) → metrics


@dataclass(frozen=True, slots=True)
class AliveMetricsFile:
    path: Path

    def load(self) -> Names:
        """Return what was saved; a file that cannot be read is none: nodes are asked anew."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return {
                str(node): {
                    str(device): [str(name) for name in names] for device, names in sources.items()
                }
                for node, sources in found.items()
            }
        except (OSError, ValueError, AttributeError, TypeError):
            return {}

    def save(self, names: Names) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(names, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)
