"""One run of the demo: what was wished for, what is up, and the ways to start and to wait."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from werknetz_demo.crew import Crew, CrewError
from werknetz_demo.embedded.process import LOOPBACK
from werknetz_demo.embedded.servers import Servers
from werknetz_demo.truths import Api, Database, until
from werknetz_simulator.plan import DAY_US
from werknetz_simulator.plant import EMDEN_1, PLANTS, Plant

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
        file = self.folder / "since.json"
        if not file.exists():
            plan = EMDEN_1.plan
            day = plan.day_of(self.now_us - self.wish.days * DAY_US)
            file.write_text(json.dumps({"since_us": plan.day(day)[0]}))
        return int(json.loads(file.read_text())["since_us"])

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
        folder = self.folder / "edge"
        folder.mkdir(mode=0o700, exist_ok=True)
        file = folder / f"{tree['connector']}-{kind}.yaml"
        file.touch(mode=0o600)  # it may name a password
        file.write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False))
        self.crew.start(name, "edge", str(file))
