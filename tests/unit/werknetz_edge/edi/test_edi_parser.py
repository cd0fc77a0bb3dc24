"""Files: floods and random bytes, deterministic chunks, and repeated references."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plumbing.floods import FLOODS
from werknetz_edge.edi.chunks import REJECTS_MAX, SEGMENTS
from werknetz_edge.edi.parser import EdiParser
from werknetz_edge.edi.profile import Partner, Partners
from werknetz_edge.files.connector import Chunk
from werknetz_edge.files.inbox import FileRefused, LocalFile

CPU_S = 1.0
MEMORY_MB = 256
CASES = sorted((Path(__file__).parent / "cases").glob("*/input.*"))


def _read(content: bytes, parser: EdiParser | None = None) -> Iterator[Chunk]:
    parser = parser or EdiParser(Partners(), "Europe/Berlin")
    with suppress(FileRefused):
        yield from parser.parse_bytes(content, 0)


_PROGRAM = f"""
import json, resource, sys, time
sys.path.insert(0, {str(Path(__file__).parents[3])!r})
from plumbing.floods import FLOODS
from plumbing.processor import slowness
from werknetz_edge.edi.parser import EdiParser
from werknetz_edge.edi.profile import Partners
from werknetz_edge.files.inbox import FileRefused

def reading(content):
    started, records, refused = time.process_time(), 0, 0
    try:
        for chunk in EdiParser(Partners(), "Europe/Berlin").parse_bytes(content, 0):
            records = max(records, len(chunk.records))
            refused = max(refused, len(chunk.rejects))
    except FileRefused:
        pass
    return time.process_time() - started, records, refused

contents = {{name: make() for name, make in FLOODS.items()}}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for name, content in contents.items():
    busy = slowness()
    cpu_s, records, refused = reading(content)
    print(json.dumps([name, cpu_s / busy, records, refused]))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_any_megabyte_is_read_in_a_second_and_in_bounded_memory() -> None:
    """One process reads all floods: its peak memory is that of the worst.

    CPU seconds are scaled to an idle machine by a reference computation before each reading.
    """
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True, timeout=880
    )
    *floods, memory_mb = map(json.loads, done.stdout.splitlines())
    assert [name for name, *_ in floods] == [*FLOODS]
    assert {name: cpu_s for name, cpu_s, *_ in floods if cpu_s > CPU_S} == {}
    assert memory_mb <= MEMORY_MB
    for name, _, records, refused in floods:
        assert records <= 2 * SEGMENTS + 5_000, name
        assert refused <= 3 * SEGMENTS, name


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    for chunk in _read(content):
        assert not chunk.records


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(CASES), st.data())
def test_a_damaged_file_is_read_or_refused(case: Path, data: st.DataObject) -> None:
    content = bytearray(case.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        how = data.draw(st.sampled_from(["change", "cut", "insert"]))
        if how == "change":
            content[at] = data.draw(st.integers(0, 255))
        elif how == "insert":
            content[at:at] = data.draw(st.binary(max_size=8))
        else:
            del content[at : at + data.draw(st.integers(1, 40))]
        if not content:
            return
    for chunk in _read(bytes(content)):
        for record in chunk.records:
            assert record.kind
            assert record.key


def test_chunks_of_a_file_are_deterministic() -> None:
    schedules, lines = FLOODS["lines of schedules"](), FLOODS["lines"]()
    content = schedules[:200_000] + b"'" + lines[:300_000]
    counts = [[len(chunk.records) for chunk in _read(content)] for _ in range(2)]
    assert counts[0] == counts[1]
    assert len(counts[0]) > 40


def test_a_flood_of_rejects_is_counted() -> None:
    content = FLOODS["lines without quantity"]()
    refused = [entry for chunk in _read(content) for entry in chunk.rejects]
    assert len(refused) == REJECTS_MAX + 1
    assert sum(entry.count for entry in refused) == content.count(b"LIN")
    assert "more like" in refused[-1].reason


def test_a_repeated_control_reference() -> None:
    memory: dict[bytes, bytes] = {}
    content = b"UNB+UNOA:3+A+B+260101:0101+R1'UNH+1+DESADV:D:96A:UN'BGM+351+N'LIN+++X:IN'QTY+12:1'"
    content += b"UNT+5+1'UNZ+1+R1'"
    other = content.replace(b"BGM+351+N'", b"BGM+351+N2'")

    def read(content: bytes, partner: Partner | None = None) -> tuple[int, list[str]]:
        partners = Partners(partners=(partner,) if partner else ())
        parser = EdiParser(partners, "UTC", get_state=memory.get)
        chunks = [*_read(content, parser)]
        memory.update(pair for chunk in chunks for pair in chunk.state_updates)
        reasons = [entry.reason for chunk in chunks for entry in chunk.rejects]
        return sum(len(chunk.records) for chunk in chunks), reasons

    assert read(content) == (1, [])
    assert read(content.replace(b"'", b"'\r\n")) == (1, []), "the same content, wrapped"
    count, reasons = read(other)
    assert count == 0
    assert "used before with other content" in reasons[0]
    assert read(other, Partner(name="p", reused_references="accept")) == (1, [])
    assert read(other.replace(b"UNB+UNOA:3+A", b"UNB+UNOA:3+C")) == (1, [])


def test_senders_without_a_profile_can_be_refused() -> None:
    partner = Partner(name="known", sender="A")
    parser = EdiParser(Partners(partners=(partner,)), "UTC", unknown_partners=False)
    content = FLOODS["lines"]().replace(b"+A+B+", b"+X+B+")
    (entry,) = [e for chunk in _read(content, parser) for e in chunk.rejects]
    assert "sender 'X' has no profile" in entry.reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"Dear Sir,", "neither EDIFACT"), (b"\xff\xfe\x00", "cannot be read")],
)
def test_a_file_that_is_not_edi_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "x.edi"
    path.write_bytes(content)
    parser = EdiParser(Partners(), "UTC")
    with pytest.raises(FileRefused, match=reason):
        [*parser.parse(LocalFile("x.edi", path, len(content), 0, b""))]
    with pytest.raises(FileRefused, match="bytes_max"):
        [*parser.parse(LocalFile("x.edi", path, 60_000_000, 0, b""))]


def test_a_large_interchange_is_stored_only_as_records() -> None:
    content = FLOODS["lines"]()
    parser = EdiParser(Partners(), "UTC", whole_max=len(content) - 1)
    chunks = [*_read(content, parser)]
    assert not any(chunk.messages for chunk in chunks)
    records = [record for chunk in chunks for record in chunk.records]
    assert (records[0].message_hash, records[0].raw) == (b"", b"LIN+++X:IN'QTY+12:1'")
    whole_chunk = next(iter(_read(content, EdiParser(Partners(), "UTC", whole_max=len(content)))))
    assert whole_chunk.messages[0].content == content
