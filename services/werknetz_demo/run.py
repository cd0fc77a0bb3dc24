"""One run of the demo: its options, what is running, and how to start edges and to wait."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from werknetz_demo.embedded.process import LOOPBACK
from werknetz_demo.embedded.servers import EmbeddedServers
from werknetz_demo.readiness import ApiProbe, DatabaseProbe, wait_with_progress
from werknetz_demo.supervisor import Supervisor, SupervisorError
from werknetz_simulator.plants.plan import DAY_US
from werknetz_simulator.plants.plant import EMDEN_1, PLANTS, Plant

STALLED_AFTER_S: Final = 120.0


@dataclass(frozen=True)
class DemoOptions:
    """The options of the command line."""

    port: int
    data: Path | None = None
    keep: bool = False
    plants: int = len(PLANTS)
    days: int = 30


@dataclass
class Demo:
    """The state of one run, once its servers are up."""

    options: DemoOptions
    folder: Path
    servers: EmbeddedServers
    supervisor: Supervisor
    database: DatabaseProbe
    api: ApiProbe
    key: str
    report: Callable[[str], None]  # prints a line with the time since the start
    show: Callable[[str], None]  # prints text as it is
    ports: Callable[[str], int]  # port by name, the same at each start
    now_us: int = field(default_factory=lambda: time.time_ns() // 1000)

    @property
    def plants(self) -> list[Plant]:
        return list(PLANTS.values())[: self.options.plants]

    @property
    def since_us(self) -> int:
        """Return the start of the history: a midnight, stored at the first start."""
        return self._history_starts()["since_us"]

    def history_start_us(self, plant: Plant) -> int:
        """Return the start of a plant's history: some store only the last days."""
        starts = self._history_starts()
        return max(starts["since_us"], starts.get(f"{plant.history_days} days", 0))

    def _history_starts(self) -> dict[str, int]:
        file = self.folder / "since.json"
        if not file.exists():
            starts = {"since_us": self._midnight(self.options.days)}
            for plant in PLANTS.values():
                starts[f"{plant.history_days} days"] = self._midnight(plant.history_days)
            file.write_text(json.dumps(starts))
        return {name: int(at_us) for name, at_us in json.loads(file.read_text()).items()}

    def _midnight(self, days: int) -> int:
        """Return a midnight in Germany, for the plants of all time zones."""
        plan = EMDEN_1.plan
        return plan.day_bounds(plan.day_of(self.now_us - days * DAY_US))[0]

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.options.port}"

    async def wait_until(
        self,
        is_done: Callable[[], Awaitable[bool]],
        process: str,
        *,
        progress: Callable[[], object] = lambda: None,
    ) -> None:
        """Wait until the step is done, as long as `progress` returns new values.

        Raise SupervisorError with the log of `process` when nothing has changed for a while.
        """
        try:
            await wait_with_progress(is_done, progress, stalled_after_s=STALLED_AFTER_S)
        except TimeoutError:
            raise SupervisorError(
                f"{process} has made no progress for {STALLED_AFTER_S:.0f} s. "
                f"Its log {self.supervisor.log_file(process)} ends:\n"
                f"{self.supervisor.log_tail(process)}"
            ) from None

    def start_edges(self, name: str, kind: str, trees: list[dict[str, Any]]) -> None:
        """Write the configuration files of the edges and start one process for all of them."""
        self.edge_folder.mkdir(mode=0o700, exist_ok=True)
        files = []
        for tree in trees:
            file = self.edge_folder / f"{tree['connector']}-{kind}.yaml"
            file.touch(mode=0o600)  # it may name a password file
            file.write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False))
            files.append(str(file))
        self.supervisor.start(name, "edge", *files)

    @property
    def edge_folder(self) -> Path:
        return self.folder / "edge"
