"""Node-RED 4: subscription → function → rows of an INSERT every 200 ms."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from bench.rivals.installation import install_node_red
from bench.rivals.rival import RivalChain
from werknetz_demo.embedded.process import Child, free_port

# The flow is written with both protocols: the other one would look for its server.
NODES = {
    "mqtt": {"t1", "br", "m1", "f1", "sink1"},
    "opcua": {"t1", "ep", "i1", "fsub", "ua1", "f2", "sink2"},
}


class NodeRedChain(RivalChain):
    name: ClassVar[str] = "Node-RED 4, batches"

    async def start(self) -> None:
        environment = await self.make_table()
        folder = install_node_red()
        self._write_flow(folder)
        self.children["Node-RED"] = Child.start(
            [str(shutil.which("node")), "node_modules/node-red/red.js", "-u", str(folder / "user"),
             "-s", "settings.js", "-p", str(free_port())],
            log=self.folder / "node-red.log",
            folder=folder,
            environment=environment,
        )  # fmt: skip

    def _write_flow(self, folder: Path) -> None:
        user = folder / "user"  # stays: there Node-RED installs what the flow names
        user.mkdir(exist_ok=True)
        origin, parts = self.origin, urlsplit(self.origin.url)
        subprocess.run(
            ["node", "make_flow.js", str(parts.port), origin.url, str(self.postgres.port),
             "batch", ",".join(origin.nodes)],
            cwd=folder, check=True, timeout=60,
        )  # fmt: skip
        flow = user / "flows.json"
        nodes = [n for n in json.loads(flow.read_text()) if n["id"] in NODES[origin.protocol]]
        flow.write_text(json.dumps(nodes))
        login = {"br": {"user": parts.username, "password": parts.password}}
        (user / "flows_cred.json").write_text(json.dumps(login))
