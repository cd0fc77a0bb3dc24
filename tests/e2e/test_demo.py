"""The newcomer's first minutes: one command, a line that works, Ctrl-C, and once more."""

import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from plumbing.group import (
    break_one_of_each,
    check_plant_kpis,
    check_counters,
    are_stopped,
    check_quarantine,
)
from plumbing.installation import Installation, installation
from plumbing.supply import agree, told_us
from plumbing.waiting import eventually
from werknetz_demo.embedded.process import free_port
from werknetz_demo.supervisor import werknetz_command
from werknetz_simulator.partners.partners import STARVING_RELATION, partner_key_of
from werknetz_simulator.plants.plant import ZWICK_2

SECOND_START_S = 15


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_first_start_a_line_that_works_and_a_second_start(tmp_path: Path) -> None:
    folder, port = tmp_path / "data", free_port()
    with installation(folder, port, "--days", "1") as first:
        assert first.wait_for("Ctrl-C stops everything") < 100
        key = first.key
        assert _printed_line_answers(first) > 0
        assert "over OPC UA, MQTT, Modbus, Sparkplug B, a webhook and S7" in first.output
        check_plant_kpis(first)
        check_quarantine(first)
        eventually(lambda: _all_run(first), within_s=60, what=first.report())
        broken = break_one_of_each(first)
        eventually(lambda: are_stopped(first, broken), within_s=40, what=first.report())
        assert "supply-caused downtime:" in first.output
        _a_delivery_held_back_stops_its_line(first)
        first.stop()
        assert "Stopped." in first.output
    assert _nobody_works_in(folder)
    time.sleep(1)
    with installation(folder, port, "--days", "1") as second:
        ready = second.wait_for("the API answers on", within_s=60)
        assert ready < SECOND_START_S, second.report()
        second.wait_for("Ctrl-C stops everything")
        assert second.key == key
        check_counters(second)
        agree(second, told_us(second))
        _killed_supervisor_leaves_nobody(second)
    assert _nobody_works_in(folder)


def _all_run(demo: Installation) -> bool:
    """Tell whether the past is told and everybody else works: an edge may just connect again."""
    states = {item["id"]: item["state"] for item in demo.get("connectors")["items"]}
    return {s for name, s in states.items() if "history" in name} == {"finished"} and {
        s for name, s in states.items() if "history" not in name
    } == {"running"}


def _a_delivery_held_back_stops_its_line(demo: Installation) -> None:
    """Over the machines' protocol and the warehouse's files, to the supplier in one answer."""
    command = [*werknetz_command(), "demo", "late-delivery", "--data", str(demo.folder)]
    subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    eventually(lambda: _has_loss_with_its_supplier(demo), within_s=90, what=demo.report())


def _has_loss_with_its_supplier(demo: Installation) -> bool:
    losses = demo.get("losses/supply-caused", start="-5m", under=ZWICK_2.path)["items"]
    causes = [cause for loss in losses for cause in loss["causes"]]
    return any(
        cause["material"] == STARVING_RELATION.material
        and cause["stock_out"]["end"] is None
        and cause["suppliers"] == [partner_key_of(STARVING_RELATION.firm)]
        and cause["deliveries"][0]["events"]
        for cause in causes
    )


def _printed_line_answers(demo: Installation) -> int:
    line = next(line for line in demo.lines if line.strip().startswith("curl "))
    done = subprocess.run(
        [*shlex.split(line), "--silent", "--fail", "--noproxy", "*"],
        capture_output=True, text=True, timeout=20, check=True,
    )  # fmt: skip
    assert '"oee"' in done.stdout
    return len(done.stdout)


def _killed_supervisor_leaves_nobody(demo: Installation) -> None:
    children = demo.processes()
    assert len(children) > 10
    os.kill(demo.popen.pid, signal.SIGKILL)
    demo.popen.wait(10)
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not [process.cmdline() for process in alive if process.status() != "zombie"]


def _nobody_works_in(folder: Path) -> bool:
    """Tell whether no process names the folder in its command or works in it."""
    for process in psutil.process_iter(["cmdline"]):
        if any(str(folder) in word for word in process.info["cmdline"] or ()):
            return False
    return True
