"""ThingsBoard Gateway 3.8.5, and a sink that stands in for its server and writes with COPY.

The broker between the two stands in for that server's, so it does not count.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from bench.rivals.installation import install_gateway
from bench.rivals.rival import RivalChain
from werknetz_demo.embedded.broker import find_mosquitto
from werknetz_demo.embedded.process import LOOPBACK, Child, free_port

PORT_OF_FILE = "57884"


class GatewayChain(RivalChain):
    name: ClassVar[str] = "ThingsBoard Gateway 3.8.5"
    broker: Child | None = None

    async def start(self) -> None:
        environment = await self.make_table()
        folder, port = install_gateway(), free_port()
        self._start_broker(folder, port)
        self.children["sink"] = Child.start(
            [str(folder / "venv/bin/python"), "tb_sink.py", str(port), str(self.postgres.port)],
            log=self.folder / "sink.log",
            folder=folder,
            environment=environment,
        )
        (self.folder / "logs").mkdir()
        self.children["gateway"] = Child.start(
            [str(folder / "venv/bin/thingsboard-gateway")],
            log=self.folder / "gateway.log",
            folder=self.folder,
            environment=os.environ
            | {
                "TB_GW_CONFIG_DIR": str(self._write_configuration(folder, port)),
                "TB_GW_LOGS_PATH": str(self.folder / "logs"),
                "TZ": "UTC",  # it takes source times for local ones
            },
        )

    async def stop(self) -> None:
        await super().stop()
        if self.broker is not None:
            self.broker.kill()

    def _start_broker(self, folder: Path, port: int) -> None:
        text = (folder / "mosq_tb.conf").read_text().replace(PORT_OF_FILE, str(port))
        if os.geteuid() == 0:
            text += "\nuser root\n"  # else it may not read the folder
        file = self.folder / "mosquitto.conf"
        file.write_text(text)
        self.broker = Child.start(
            [str(find_mosquitto()), "-c", str(file)],
            log=self.folder / "mosquitto.log",
            folder=folder,
        )

    def _write_configuration(self, folder: Path, port: int) -> Path:
        target = self.folder / "config"
        shutil.copytree(folder / "config", target)
        protocol = self.origin.protocol
        main = json.loads((target / "tb_gateway.json").read_text())
        main["thingsboard"]["port"] = port
        main["connectors"] = [c for c in main["connectors"] if c["type"] == protocol]
        connector = json.loads((target / f"{protocol}.json").read_text())
        (self._point_at_broker if protocol == "mqtt" else self._point_at_server)(connector)
        (target / "tb_gateway.json").write_text(json.dumps(main))
        (target / f"{protocol}.json").write_text(json.dumps(connector))
        return target

    def _point_at_broker(self, connector: dict[str, Any]) -> None:
        parts = urlsplit(self.origin.url)
        connector["broker"] |= {
            "host": LOOPBACK,
            "port": parts.port,
            "version": 4,  # the embedded broker's
            "security": {
                "type": "basic",
                "username": parts.username,
                "password": parts.password,
            },
        }

    def _point_at_server(self, connector: dict[str, Any]) -> None:
        connector["server"]["url"] = self.origin.url
        (device,) = connector["mapping"]
        device["deviceNodePattern"] = r"Root\.Objects\.Bench"
        device["timeseries"] = [
            {
                "key": node.rpartition("=")[2],
                "type": "identifier",  # by path it looks up each node for itself
                "value": f"${{{node}}}",
                "timestampLocation": "sourceTimestamp",
            }
            for node in self.origin.nodes
        ]
