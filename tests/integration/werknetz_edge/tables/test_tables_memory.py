"""A large CSV is a stream: the memory of the reading process does not grow with the file."""

import subprocess
import sys
from pathlib import Path

import pytest

ROWS = 200_000
WIDTH = 480  # characters of the note of each row: 100 MB together
READ = """
import asyncio, sys
from pathlib import Path
from werknetz_edge.tables import create

async def main(drop, state):
    source = {"name": "log", "as": "records"}
    inbox = {"folder": drop, "pattern": "*.csv", "settle_s": 0, "poll_s": 0.1}
    connector = create("large", {"inbox": inbox, "sources": [source]}, Path(state))
    await connector.connect()
    count = 0
    while count < ROWS:
        delivery = await connector.read()
        count += len(delivery.records)
        await delivery.acknowledge()
    await connector.close()
    # Not ru_maxrss: Linux inherits it from the parent process, here pytest.
    status = Path("/proc/self/status").read_text()
    print(count, status.split("VmHWM:")[1].split()[0])

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read from /proc")
def test_a_hundred_megabytes_in_bounded_memory(tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    note = "x" * WIDTH
    with (drop / "large.csv").open("w") as file:
        file.write("n;note;v\n")
        file.writelines(f"{n};{note};{n % 7},5\n" for n in range(ROWS))
    assert (drop / "large.csv").stat().st_size > 95_000_000
    program = READ.replace("ROWS", str(ROWS))
    process = subprocess.run(
        [sys.executable, "-c", program, str(drop), str(tmp_path / "state")],
        capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    count, peak_kb = map(int, process.stdout.split())
    assert count == ROWS
    assert peak_kb < 200_000, f"{peak_kb} kB at most"
