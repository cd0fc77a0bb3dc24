"""The chains of ../shared/peers/rivals, copied and installed once into .werknetz/peers/rivals."""

import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.rivals.chain import ChainFailedError
from plumbing.peers import INSTALL_S, INSTALLED, SHARED
from werknetz_demo.embedded.broker import find_mosquitto

RIVALS = SHARED / "rivals"
PLACE = INSTALLED / "rivals"
NODE_PACKAGES = {"node-red": "^4", "node-red-contrib-opcua": "*", "pg": "^8"}
# asyncua: else the gateway installs this version itself at its first start.
GATEWAY_PACKAGES = ("thingsboard-gateway==3.8.5", "asyncua==1.1.5", "psycopg[binary]>=3.2")


class RivalMissingError(ChainFailedError):
    """A rival cannot run here; the sentence gives the reason."""


def install_node_red() -> Path:
    """Return the folder with its flow writer and node_modules; raise RivalMissingError."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise RivalMissingError("no node and npm: apt-get install nodejs npm")
    return _copy_and_install("nodered", json.dumps(NODE_PACKAGES), _install_node_packages)


def install_gateway() -> Path:
    """Return the folder with its configuration and venv; raise RivalMissingError."""
    if find_mosquitto() is None:
        raise RivalMissingError("no broker with MQTT 5: apt-get install mosquitto")
    return _copy_and_install("tbgw", "\n".join(GATEWAY_PACKAGES), _install_gateway_packages)


def schema() -> str:
    """Return the statements that create the rivals' table."""
    return (RIVALS / "schema.sql").read_text()


def _copy_and_install(name: str, packages: str, install: Callable[[Path], None]) -> Path:
    """Copy the rival's files; install its packages unless these are there."""
    if not (RIVALS / name).is_dir():
        raise RivalMissingError(f"no {RIVALS / name}: set WERKNETZ_PEERS")
    folder, mark = PLACE / name, PLACE / f"{name}.installed"
    PLACE.mkdir(parents=True, exist_ok=True)
    with (PLACE / ".lock").open("w") as lock:  # two sessions may start at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        for source in (RIVALS / name).rglob("*"):
            if source.is_file():
                target = folder / source.relative_to(RIVALS / name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
        if not mark.is_file() or mark.read_text() != packages:
            try:
                install(folder)
            except (OSError, subprocess.SubprocessError) as error:
                raise RivalMissingError(f"a registry lacks it: {error}") from error
            mark.write_text(packages)
    return folder


def _install_node_packages(folder: Path) -> None:
    # Without a package.json npm would install beside the next one above.
    package = {"name": "rival", "private": True, "dependencies": NODE_PACKAGES}
    (folder / "package.json").write_text(json.dumps(package))
    _run(
        ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"],
        folder,
    )


def _install_gateway_packages(folder: Path) -> None:
    _run([sys.executable, "-m", "venv", "--clear", "venv"], folder)
    _run([str(folder / "venv/bin/pip"), "install", "--quiet", *GATEWAY_PACKAGES], folder)


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=INSTALL_S)
