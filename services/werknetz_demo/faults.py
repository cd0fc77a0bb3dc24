"""Something to watch in a running demo: found by its folder, which it holds locked."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from werknetz_demo.embedded.state import StateError
from werknetz_demo.plants import STATE, WORDS
from werknetz_demo.supplier import NAME
from werknetz_simulator.partners.foundry.edifact_writer import misspelt
from werknetz_simulator.partners.foundry.feed import EDI, put
from werknetz_simulator.partners.foundry.folders import PARTNERS, Place
from werknetz_simulator.partners.partners import STARVING_RELATION, partner_key_of
from werknetz_simulator.plants.incident import break_machine
from werknetz_simulator.plants.machine import PlantMachine
from werknetz_simulator.plants.plan import MINUTE_US, instant_of
from werknetz_simulator.plants.plant import PLANTS
from werknetz_simulator.plants.truth import LATE_FILE
from werknetz_simulator.serve import BROKEN_FILE

PREFIX: Final = "werknetz-demo-"
"""Of the folders that a demo without `--data` makes for itself."""


def running(data: Path | None) -> Path:
    """Return the folder of the running demo; raise StateError with what to do."""
    if data is not None:
        if not _is_held(data):
            raise StateError(f"no demo runs in {data}: start it with `werknetz demo --data {data}`")
        return data.absolute()
    found = [*_ours()]
    if len(found) != 1:
        what = "no demo runs" if not found else f"{len(found)} demos run"
        raise StateError(f"{what} in {tempfile.gettempdir()}: name its folder with --data")
    return found[0]


def drop_bad_edi(folder: Path) -> Path:
    """Put a despatch advice with a misspelt quantity into the supplier's SFTP folder."""
    inbox = Place(folder / NAME).files(PARTNERS[0]) / EDI
    if not inbox.is_dir():
        raise StateError(f"{folder} has no supplier yet: wait until the demo says it is there")
    now_us = time.time_ns() // 1000
    document, content = misspelt(now_us)
    file = inbox / f"DESADV_{document}.edi"
    put(file, content, now_us)
    return file


def break_down(folder: Path, name: str, minutes: float) -> str:
    """Let a machine fail; return what to look at. Raise StateError where there is none such."""
    machine = _machine(folder, name)
    now_us = time.time_ns() // 1000
    begin_us, end_us = break_machine(
        folder / STATE / BROKEN_FILE, machine, now_us, round(minutes * MINUTE_US)
    )
    plant = PLANTS[machine.plant]
    zone = ZoneInfo(plant.plan.time_zone)
    begin, end = (instant_of(at_us).astimezone(zone) for at_us in (begin_us, end_us))
    return (
        f"{machine.path} fails at {begin:%H:%M:%S} and stands until {end:%H:%M:%S} "
        f"({plant.plan.time_zone}), said over {WORDS[plant.protocol]}.\n"
        "In some seconds its state is malfunction; no part is made meanwhile; later its stop and "
        "the loss in OEE:\n"
        f'  curl -H "X-API-Key: $WERKNETZ_API_KEY" '
        f'"$WERKNETZ_URL/api/v1/equipment/{machine.path}/states?start=-10m"\n'
        f"  werknetz kpi oee {machine.path} --start -1h\n"
        "(with the WERKNETZ_URL and WERKNETZ_API_KEY that the demo has printed)"
    )


def hold_back(folder: Path, minutes: float) -> str:
    """Let a delivery come later; return what to look at. Raise StateError without that plant."""
    plant = next((plant for plant in PLANTS.values() if plant.starved_line), None)
    edge = None if plant is None else folder / "edge" / f"{plant.name}-{plant.protocol}-live.yaml"
    if plant is None or edge is None or not edge.exists():
        raise StateError(f"{folder} has no line that starves: start the demo with two plants")
    now_us = time.time_ns() // 1000
    machines = [machine for machine in plant.machines if machine.line == plant.starved_line]
    span = (now_us, now_us)
    for machine in machines:
        span = break_machine(folder / STATE / LATE_FILE, machine, now_us, round(minutes * MINUTE_US))
    begin, end = (instant_of(at_us).astimezone(ZoneInfo(plant.plan.time_zone)) for at_us in span)
    line = machines[0].path.rpartition("/")[0]
    return (
        f"{STARVING_RELATION.material} from {STARVING_RELATION.firm.name} does not come: the last of it is used up at "
        f"{begin:%H:%M:%S}, {line} stands until it is there at {end:%H:%M:%S}.\n"
        "In some seconds its machines starve, the stock is 0, and the API names the late delivery:\n"
        f"  werknetz losses supply --start -1h --under {line}\n"
        f"  werknetz supply shipments --supplier {partner_key_of(STARVING_RELATION.firm)}\n"
        "(with the WERKNETZ_URL and WERKNETZ_API_KEY that the demo has printed)"
    )


def _machine(folder: Path, name: str) -> PlantMachine:
    """Find it by its name or the end of its path among the plants of this demo."""
    there = [
        machine
        for plant in PLANTS.values()
        if (folder / "edge" / f"{plant.name}-{plant.protocol}-live.yaml").exists()
        for machine in plant.machines
    ]
    if not there:
        raise StateError(f"{folder} has no plants yet: wait until the demo says they are there")
    found = [m for m in there if m.path == name or m.path.endswith(f"/{name}")]
    if len(found) == 1:
        return found[0]
    if found:
        paths = ", ".join(machine.path for machine in found)
        raise StateError(f"{name!r} is {len(found)} machines: name one by its path: {paths}")
    near = get_close_matches(name, [machine.name for machine in there], n=1, cutoff=0.5)
    hint = f": did you mean {near[0]!r}?" if near else ": see `werknetz demo` for its plants"
    raise StateError(f"no machine is called {name!r}{hint}")


def _ours() -> Iterator[Path]:
    """Only folders of our own user: anybody may make one with this name."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if folder.lstat().st_uid == os.getuid() and _is_held(folder):
            yield folder


def _is_held(folder: Path) -> bool:
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
