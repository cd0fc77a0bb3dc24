"""Faults to inject into a running demo, which is identified by its locked data folder."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from werknetz_demo.embedded.state import DataFolderError
from werknetz_demo.partners import NAME
from werknetz_demo.plants import PROTOCOL_NAMES, STATE_FOLDER
from werknetz_simulator.partners.messages.edifact_writer import encode_misspelt_desadv
from werknetz_simulator.partners.partners import STARVING_RELATION, partner_key_of
from werknetz_simulator.partners.sftp_folders import SftpFolders, put_file
from werknetz_simulator.partners.weserguss import EDI_FOLDER
from werknetz_simulator.plants.incident import break_machine
from werknetz_simulator.plants.machine import PlantMachine
from werknetz_simulator.plants.plan import MINUTE_US, instant_of
from werknetz_simulator.plants.plant import PLANTS
from werknetz_simulator.plants.truth import LATE_FILE
from werknetz_simulator.serve import BROKEN_FILE

PREFIX: Final = "werknetz-demo-"
"""Prefix of the folder that a demo without `--data` creates."""


def running_folder(data: Path | None) -> Path:
    """Return the folder of the running demo; raise DataFolderError with a remedy."""
    if data is not None:
        if not _is_locked(data):
            raise DataFolderError(
                f"no demo runs in {data}: start it with `werknetz demo --data {data}`"
            )
        return data.absolute()
    folders = [*_own_folders()]
    if len(folders) != 1:
        problem = f"{len(folders)} demos run" if folders else "no demo runs"
        raise DataFolderError(f"{problem} in {tempfile.gettempdir()}: name its folder with --data")
    return folders[0]


def drop_bad_edi(folder: Path) -> Path:
    """Put a despatch advice with a misspelt quantity into the SFTP folder of Weserguss."""
    inbox = SftpFolders(folder / NAME).files / EDI_FOLDER
    if not inbox.is_dir():
        raise DataFolderError(f"{folder} has no partners yet: wait until the demo reports them")
    now_us = time.time_ns() // 1000
    document, content = encode_misspelt_desadv(now_us)
    file = inbox / f"DESADV_{document}.edi"
    put_file(file, content, now_us)
    return file


def break_down(folder: Path, name: str, minutes: float) -> str:
    """Stop a machine; return commands to try. Raise DataFolderError if the name is unknown."""
    machine = _machine(folder, name)
    now_us = time.time_ns() // 1000
    begin_us, end_us = break_machine(
        folder / STATE_FOLDER / BROKEN_FILE, machine, now_us, round(minutes * MINUTE_US)
    )
    plant = PLANTS[machine.plant]
    zone = ZoneInfo(plant.plan.time_zone)
    begin, end = (instant_of(at_us).astimezone(zone) for at_us in (begin_us, end_us))
    return (
        f"{machine.path} fails at {begin:%H:%M:%S} and stands until {end:%H:%M:%S} "
        f"({plant.plan.time_zone}), reported over {PROTOCOL_NAMES[plant.protocol]}.\n"
        "Within seconds its state is malfunction and it makes no parts; later, the stop lowers its "
        "OEE:\n"
        f'  curl -H "X-API-Key: $WERKNETZ_API_KEY" '
        f'"$WERKNETZ_URL/api/v1/equipment/{machine.path}/states?start=-10m"\n'
        f"  werknetz kpi oee {machine.path} --start -1h\n"
        "(with WERKNETZ_URL and WERKNETZ_API_KEY as the demo has printed them)"
    )


def delay_delivery(folder: Path, minutes: float) -> str:
    """Delay a delivery; return commands to try. Raise DataFolderError without that plant."""
    plant = next((plant for plant in PLANTS.values() if plant.starved_line), None)
    edge = None if plant is None else folder / "edge" / f"{plant.name}-{plant.protocol}-live.yaml"
    if plant is None or edge is None or not edge.exists():
        raise DataFolderError(
            f"{folder} has no line that can starve: start the demo with two or more plants"
        )
    now_us = time.time_ns() // 1000
    machines = [machine for machine in plant.machines if machine.line == plant.starved_line]
    span = (now_us, now_us)
    for machine in machines:
        span = break_machine(
            folder / STATE_FOLDER / LATE_FILE, machine, now_us, round(minutes * MINUTE_US)
        )
    begin, end = (instant_of(at_us).astimezone(ZoneInfo(plant.plan.time_zone)) for at_us in span)
    line = machines[0].path.rpartition("/")[0]
    return (
        f"{STARVING_RELATION.material} from {STARVING_RELATION.firm.name} does not arrive: its "
        f"stock is used up at {begin:%H:%M:%S}, {line} starves until the delivery arrives "
        f"at {end:%H:%M:%S}.\n"
        "Within seconds its machines starve, the stock is 0, and the API names the late delivery:\n"
        f"  werknetz losses supply --start -1h --under {line}\n"
        f"  werknetz supply shipments --supplier {partner_key_of(STARVING_RELATION.firm)}\n"
        "(with WERKNETZ_URL and WERKNETZ_API_KEY as the demo has printed them)"
    )


def _machine(folder: Path, name: str) -> PlantMachine:
    """Find a machine of this demo by its name or the end of its path."""
    machines = [
        machine
        for plant in PLANTS.values()
        if (folder / "edge" / f"{plant.name}-{plant.protocol}-live.yaml").exists()
        for machine in plant.machines
    ]
    if not machines:
        raise DataFolderError(f"{folder} has no plants yet: wait until the demo reports them")
    matches = [m for m in machines if m.path == name or m.path.endswith(f"/{name}")]
    if len(matches) == 1:
        return matches[0]
    if matches:
        paths = ", ".join(machine.path for machine in matches)
        raise DataFolderError(
            f"{name!r} matches {len(matches)} machines: name one by its path: {paths}"
        )
    near = get_close_matches(name, [machine.name for machine in machines], n=1, cutoff=0.5)
    hint = f": did you mean {near[0]!r}?" if near else ": see `werknetz demo` for its plants"
    raise DataFolderError(f"no machine is called {name!r}{hint}")


def _own_folders() -> Iterator[Path]:
    """Yield locked folders of the current user: others may create folders with the same name."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if folder.lstat().st_uid == os.getuid() and _is_locked(folder):
            yield folder


def _is_locked(folder: Path) -> bool:
    try:
        lock = os.open(folder / "lock", os.O_RDWR)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False
