"""EDI: a generated DESADV of realistic shape, bytes → records, against pydifact's bare parse of it.

Werknetz splits, checks counts, parses dates and quantities, resolves handling units and makes one
record per line; pydifact only splits segments. Same bytes, alternating, best of three rounds.
"""

import time
import warnings
from collections.abc import Callable, Iterator

from pydifact.parser import Parser

from bench.measure import Measure
from werknetz.connector.contract import Delivery
from werknetz.connector.mapping.mapping import parse_mapping
from werknetz.connector.normalize import Normalizer
from werknetz.connector.yaml_format import parse_yaml
from werknetz_edge.edi.parser import EdiParser
from werknetz_edge.edi.profile import Partners

BAR = 2.5
ROUNDS = 3
MAPPING = "mapping: {name: bench, version: 1}"


def measures(short: bool) -> list[Measure]:
    lines = 1_000 if short else 10_000
    content = _desadv(lines)
    text = content.decode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydifact warns about missing directories
        bare, to_records, to_events_s = zip(
            *((_cpu_seconds(lambda: _bare(text)), _cpu_seconds(lambda: _records(content, lines)),
               _cpu_seconds(lambda: _events(content, lines))) for _ in range(ROUNDS)),
            strict=True,
        )  # fmt: skip
    reference = lines / min(bare)
    best, to_events = lines / min(to_records), lines / min(to_events_s)
    megabytes_s = len(content) / 1e6 / min(to_events_s)
    return [
        Measure(
            "EDI lines, bytes to records", f"{best:,.0f} lines/s; bare pydifact {reference:,.0f}",
            best / reference, BAR,
        ),
        Measure(
            "EDI lines, bytes to events", f"{to_events:,.0f} lines/s; {megabytes_s:.1f} MB/s",
            to_events / reference,
        ),
    ]  # fmt: skip


def _cpu_seconds(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _bare(text: str) -> None:
    for _ in Parser().parse(text):
        pass


def _chunks(content: bytes) -> Iterator[Delivery]:
    for chunk in EdiParser(Partners(), "Europe/Berlin").parse_bytes(content, 0):
        if chunk.rejects:
            raise AssertionError(chunk.rejects[0].reason)
        yield Delivery(records=chunk.records)


def _records(content: bytes, lines: int) -> None:
    if sum(len(delivery.records) for delivery in _chunks(content)) != lines:
        raise AssertionError("lines are missing")


def _events(content: bytes, lines: int) -> None:
    normalizer = Normalizer(parse_mapping(parse_yaml(MAPPING, file="bench")), "edi")
    events = sum(len(normalizer.normalize(delivery, 0)) for delivery in _chunks(content))
    if events != lines + 1:  # the first record names the mapping
        raise AssertionError("events are missing")


def _desadv(lines: int) -> bytes:
    """Pallets of five boxes, one line per box: 11 segments per line, a typical message."""
    head = (
        "BGM+351+LS-0815+9", "DTM+137:202601120815:203", "DTM+11:202601121430:203",
        "DTM+17:202601130600:203", "RFF+CRN:SEND-1", "NAD+SU+77::92", "NAD+BY+100200300::92",
        "NAD+ST+PLANT-6::92", "LOC+11+GATE 7", "TDT+12++30",
    )  # fmt: skip
    segments = [*head]
    for n in range(1, lines + 1):
        if n % 5 == 1:
            segments += [f"CPS+P{n}++3", "PAC+1++PAL-1::91", "PCI+17", f"GIN+ML+P{n:09}"]
        segments += [
            f"CPS+B{n}+P{n - (n - 1) % 5}+1", "PAC+1++KLT-4147::91", "QTY+52:25:PCE", "PCI+17",
            f"GIN+ML+B{n:09}", f"LIN+{n}++8R04{n % 700:05}A:IN", f"PIA+1+77-{n % 700:05}:SA",
            "IMD+F++:::GEAR, LEFT?+RIGHT", f"QTY+12:{n % 90 + 10}:PCE",
            f"RFF+ON:45000123{n % 9}:10",
        ]  # fmt: skip
    whole = ["UNB+UNOC:3+4011111:14+4022222:14+260112:0815+REF1", "UNH+1+DESADV:D:07A:UN"]
    whole += [*segments, f"UNT+{len(segments) + 2}+1", "UNZ+1+REF1"]
    return ("UNA:+.? '" + "'\n".join(whole) + "'\n").encode()
