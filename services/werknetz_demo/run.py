"""One run of the demo: what was wished for, what is up, and the ways to start and to wait."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from werknetz_demo.embedded.process import LOOPBACK
from werknetz_demo.embedded.servers import Servers
from werknetz_demo.readiness import Api, Database, until
from werknetz_demo.supervisor import Crew, CrewError
from werknetz_simulator.plants.plan import DAY_US
from werknetz_simulator.plants.plant import EMDEN_1, PLANTS, Plant

STEP_WITHIN_S: Final = 120.0


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line."""

    port: int
    data: Path | None = None
    keep: bool = False
    plants: int = len(PLANTS)
    days: int = 30


@dataclass
class Demo:
    """What is known of this run, once its servers are up."""

    wish: Wish
    folder: Path
    servers: Servers
    crew: Crew
    database: Database
    api: Api
    key: str
    say: Callable[[str], None]  # with the time since the start
    plain: Callable[[str], None]
    ports: Callable[[str], int]  # of this folder, the same at each start
    now_us: int = field(default_factory=lambda: time.time_ns() // 1000)

    @property
    def plants(self) -> list[Plant]:
        return list(PLANTS.values())[: self.wish.plants]

    @property
    def since_us(self) -> int:
        """Return when the folder's history begins: at a midnight, kept from the first start on."""
        return self._since()["since_us"]

    def since_of(self, plant: Plant) -> int:
        """Return when a plant's own history begins: some know only the last days."""
        kept = self._since()
        return max(kept["since_us"], kept.get(f"{plant.history_days} days", 0))

    def _since(self) -> dict[str, int]:
        file = self.folder / "since.json"
        if not file.exists():
            kept = {"since_us": self._midnight(self.wish.days)}
            for plant in PLANTS.values():
                kept[f"{plant.history_days} days"] = self._midnight(plant.history_days)
            file.write_text(json.dumps(kept))
        return {name: int(at_us) for name, at_us in json.loads(file.read_text()).items()}

    def _midnight(self, days: int) -> int:
        """Return it in Germany; abroad it is some hour of that day."""
        plan = EMDEN_1.plan
        return plan.day_bounds(plan.day_of(self.now_us - days * DAY_US))[0]

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.wish.port}"

    async def true(self, ask: Callable[[], Awaitable[bool]], whose: str) -> None:
        """Wait until the answer is yes; raise CrewError with the end of that one's log."""

        def otherwise() -> str:
            words = self.crew.last_words(whose)
            return f"{whose} did not get there within {STEP_WITHIN_S:.0f} s. Its log ends:\n{words}"

        try:
            await until(ask, within_s=STEP_WITHIN_S, otherwise=otherwise)
        except TimeoutError as error:
            raise CrewError(str(error)) from None

    def start_edge(self, name: str, kind: str, tree: dict[str, Any]) -> None:
        """Write the edge's file and start it under this name."""
        self.start_edges(name, kind, [tree])

    def start_edges(self, name: str, kind: str, trees: list[dict[str, Any]]) -> None:
        """Write the edges' files and start one process for all of them."""
        self.edge_folder.mkdir(mode=0o700, exist_ok=True)
        files = []
        for tree in trees:
            file = self.edge_folder / f"{tree['connector']}-{kind}.yaml"
            file.touch(mode=0o600)  # it may name a password
            file.write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False))
            files.append(str(file))
        self.crew.start(name, "edge", *files)

    @property
    def edge_folder(self) -> Path:
        return self.folder / "edge"
