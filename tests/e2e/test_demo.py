"""First and second start of the demo: printed commands work, no process is left behind."""

import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from plumbing.group import (
    are_stopped,
    break_one_of_each,
    check_counters,
    check_plant_kpis,
    check_quarantine,
)
from plumbing.installation import Installation, installation
from plumbing.secrets_seen import check_secrets
from plumbing.supply import progress_of, wait_until_complete
from plumbing.waiting import eventually
from werknetz_demo.embedded.process import free_port
from werknetz_demo.supervisor import werknetz_command
from werknetz_simulator.partners.partners import STARVING_RELATION, partner_key_of
from werknetz_simulator.plants.plant import ZWICK_2

SECOND_START_S = 150  # about 10 on a quiet machine


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_first_and_second_start(tmp_path: Path) -> None:
    folder, port = tmp_path / "data", free_port()
    with installation(folder, port, "--days", "1") as first:
        first.wait_for("Ctrl-C stops everything", within_s=600)
        key = first.key
        assert _run_printed_command(first) > 0
        check_secrets(first)
        assert "over OPC UA, MQTT, Modbus, Sparkplug B, a webhook and S7" in first.output
        check_plant_kpis(first)
        check_quarantine(first)
        eventually(lambda: _all_run(first), within_s=240, what=first.report)
        broken = break_one_of_each(first)
        eventually(lambda: are_stopped(first, broken), within_s=240, what=first.report)
        assert "supply-caused downtime:" in first.output
        _delay_delivery_and_check_downtime(first)
        first.stop()
        assert "Stopped." in first.output
    assert _has_no_process(folder)
    time.sleep(1)
    with installation(folder, port, "--days", "1") as second:
        ready = second.wait_for("the API answers on", within_s=240)
        assert ready < SECOND_START_S, second.report()
        second.wait_for("Ctrl-C stops everything")
        assert second.key == key
        check_counters(second)
        wait_until_complete(second, progress_of(second).written_us)
        _check_kill_of_the_demo(second)
    assert _has_no_process(folder)


def _all_run(demo: Installation) -> bool:
    """Whether all histories are loaded and all other connectors run."""
    states = {item["id"]: item["state"] for item in demo.get("connectors")["items"]}
    return {s for name, s in states.items() if "history" in name} == {"finished"} and {
        s for name, s in states.items() if "history" not in name
    } == {"running"}


def _delay_delivery_and_check_downtime(demo: Installation) -> None:
    """The API traces the downtime through the stock to the supplier in one answer."""
    command = [*werknetz_command(), "demo", "late-delivery", "--data", str(demo.folder)]
    subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    eventually(lambda: _has_loss_with_its_supplier(demo), within_s=240, what=demo.report)


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


def _run_printed_command(demo: Installation) -> int:
    line = next(line for line in demo.lines if line.strip().startswith("curl "))
    done = subprocess.run(
        [*shlex.split(line), "--silent", "--fail", "--noproxy", "*"],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert '"oee"' in done.stdout
    return len(done.stdout)


def _check_kill_of_the_demo(demo: Installation) -> None:
    children = demo.processes()
    assert len(children) > 10
    os.kill(demo.popen.pid, signal.SIGKILL)
    demo.popen.wait(60)
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not [process.cmdline() for process in alive if process.status() != "zombie"]


def _has_no_process(folder: Path) -> bool:
    """Whether no process names the folder in its command."""
    for process in psutil.process_iter(["cmdline"]):
        if any(str(folder) in word for word in process.info["cmdline"] or ()):
            return False
    return True
