"""Werknetz: `werknetz edge` → Valkey → `werknetz ingest` → PostgreSQL, as processes."""

import os
from typing import Any, ClassVar

import yaml

from bench.rivals.chain import Chain
from werknetz_core.migrate import upgrade_async
from werknetz_demo.embedded.process import Child
from werknetz_demo.embedded.valkey import Valkey
from werknetz_demo.supervisor import werknetz_command

TOPIC = "plant/a/{machine}/cycle"
EQUIPMENT = "nordwerk/emden-1/hall/line-1/{machine}"


class WerknetzChain(Chain):
    name: ClassVar[str] = "Werknetz"
    # Without the connector's own sign of life.
    table: ClassVar[str] = "samples JOIN signals ON id = signal_id AND role <> 'heartbeat'"
    tag: ClassVar[str] = "signal_id"
    at: ClassVar[str] = "at"
    valkey: Valkey | None = None

    @property
    def database_url(self) -> str:
        return self.postgres.superuser_url

    async def start(self) -> None:
        self.valkey = Valkey(self.folder / "valkey")
        await self.valkey.start()
        await upgrade_async(self.postgres.url)
        file = self.folder / "edge.yaml"
        file.write_text(yaml.safe_dump(self._edge_file()))
        for name, arguments in {"ingest": ["ingest"], "edge": ["edge", str(file)]}.items():
            self.children[name] = Child.start(
                [*werknetz_command(), *arguments],
                log=self.folder / f"{name}.log",
                folder=self.folder,
                environment=os.environ
                | {
                    "WERKNETZ_DATABASE_URL": self.postgres.url,
                    "WERKNETZ_REDIS_URL": self.valkey.url,
                    "WERKNETZ_ALIVE_FILE": str(self.folder / f"{name}.alive"),
                },
            )

    def pids(self) -> dict[str, int]:
        """Return edge, ingest, Valkey: in the order in which a value passes them."""
        assert self.valkey is not None
        assert self.valkey.pid is not None
        pids = super().pids()
        return {"edge": pids["edge"], "ingest": pids["ingest"], "Valkey": self.valkey.pid}

    async def stop(self) -> None:
        await super().stop()
        if self.valkey is not None:
            await self.valkey.stop()

    def _edge_file(self) -> dict[str, Any]:
        is_mqtt = self.origin.protocol == "mqtt"
        return {
            "connector": "bench",
            "protocol": self.origin.protocol,
            "spool": {"folder": str(self.folder / "spool")},
            "options": self._mqtt_options() if is_mqtt else self._opcua_options(),
            "mapping": {
                "name": "bench", "version": 1, "unmapped": "store-as-is",
                "rules": _mqtt_rules() if is_mqtt else [],
            },
        }  # fmt: skip

    def _mqtt_options(self) -> dict[str, Any]:
        topic = {"pattern": TOPIC, "payload": "json", "time": {"path": "ts", "format": "iso"}}
        return {"url": self.origin.url, "topics": [topic]}

    def _opcua_options(self) -> dict[str, Any]:
        return {
            "url": self.origin.url, "policy": "None", "allow_insecure": True,
            "publishing_ms": 100, "sampling_ms": 100, "browse": [{"root": "/Objects/Bench"}],
        }  # fmt: skip


def _mqtt_rules() -> list[dict[str, Any]]:
    """Three values are rows, as in the rivals; the state is in the copies of raw messages."""
    roles = {"good": "good_count", "scrap": "scrap_count", "cycle_s": "process_value"}
    rules: list[dict[str, Any]] = [
        {"source": f"{TOPIC}#{field}", "equipment": EQUIPMENT, "signal": field, "role": role}
        for field, role in roles.items()
    ]
    return [*rules, {"source": f"{TOPIC}#state", "ignore": True}]
