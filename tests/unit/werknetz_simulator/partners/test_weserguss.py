"""Files of Weserguss, read by other parsers, contain exactly what the timeline expects."""

import csv
import io
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import asyncssh
import pytest
from pydifact.parser import Parser

from werknetz_simulator.partners.event_totals import (
    ANNOUNCED,
    CALLED_OFF,
    COUNTED,
    weserguss_totals,
)
from werknetz_simulator.partners.expected import due_lines, effective_call_offs
from werknetz_simulator.partners.feed import (
    DONE,
    DONE_FILES_MAX,
    PAST_DAYS,
    PartnersFeed,
    load_progress,
)
from werknetz_simulator.partners.messages.csv_writer import format_german
from werknetz_simulator.partners.messages.edifact_writer import CHARSET
from werknetz_simulator.partners.messages.message_writer import files_of
from werknetz_simulator.partners.partners import WESERGUSS_RELATIONS
from werknetz_simulator.partners.sftp_folders import SftpFolders
from werknetz_simulator.partners.timeline import CallOff, GoodsReceipt, RelationTimeline
from werknetz_simulator.partners.weserguss import has_wrong_date, supplier_stocks
from werknetz_simulator.plants.plan import DAY_US, HOUR_US, us_of

SEED = "nordwerk"
SINCE_US = us_of(datetime(2026, 11, 13, tzinfo=UTC))
UNTIL_US = SINCE_US + PAST_DAYS * DAY_US
TIMELINES = [
    RelationTimeline(relation, since_us=SINCE_US, seed=SEED) for relation in WESERGUSS_RELATIONS
]


def weserguss_files() -> list[tuple[str, str, bytes]]:
    events = [
        (timeline.relation, event)
        for timeline in TIMELINES
        for event in timeline.events_between(SINCE_US, UNTIL_US)
    ]
    stocks = [*supplier_stocks(TIMELINES, SINCE_US, UNTIL_US)]
    return [*files_of(events, UNTIL_US, stocks)]


@pytest.mark.filterwarnings("ignore")  # pydifact lacks most directories and warns each time
def test_other_parsers_read_the_expected_totals() -> None:
    counts: Counter[str] = Counter()
    hundredths: Counter[str] = Counter()
    for _, name, content in weserguss_files():
        if name.endswith(".csv"):
            for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"):
                counts[COUNTED] += 1
                number = row["Bestand"].replace(".", "").replace(",", ".")
                hundredths[COUNTED] += round(float(number) * 100)
            continue
        segments = [*Parser().parse(content.decode(CHARSET))]
        (opening,) = [segment for segment in segments if segment.tag == "BGM"]
        if opening[2] == "7":
            continue  # marked as a duplicate
        kind = ANNOUNCED if opening[0] == "351" else CALLED_OFF
        line, is_lost = "", False
        for segment in segments:
            if segment.tag == "LIN":
                line = segment[0]
                is_lost = b"0148" in content and line == "2"
            if segment.tag == "QTY" and not is_lost:
                counts[kind] += 1
                hundredths[kind] += round(float(segment[0][1]) * 100)
    totals = weserguss_totals(SINCE_US, UNTIL_US, SEED).by_kind
    assert counts == {kind: total.count for kind, total in totals.items()}
    assert hundredths == {kind: round(total.quantity * 100) for kind, total in totals.items()}


@pytest.mark.parametrize("day", range(14))
def test_every_history_contains_both_deliberate_faults(day: int) -> None:
    since_us = SINCE_US + day * DAY_US
    until_us = since_us + PAST_DAYS * DAY_US
    assert weserguss_totals(since_us, until_us, SEED).unreadable
    timeline = RelationTimeline(WESERGUSS_RELATIONS[0], since_us=since_us, seed=SEED)
    events = [(timeline.relation, event) for event in timeline.events_between(since_us, until_us)]
    names = [name for _, name, _ in files_of(events, until_us)]
    duplicates = [name for name in names if name.endswith("_2.edi")]
    assert duplicates
    assert {name.replace("_2.edi", ".edi") for name in duplicates} <= {*names}
    assert len({*names}) == len(names)


def test_deliveries_match_call_offs_so_that_otif_is_meaningful() -> None:
    is_otif = []
    for timeline in TIMELINES:
        events = timeline.events_between(SINCE_US, UNTIL_US)
        call_offs = [
            event
            for event in events
            if isinstance(event, CallOff) and not has_wrong_date(timeline.relation, event)
        ]
        receipts = [event for event in events if isinstance(event, GoodsReceipt)]
        lines = due_lines(effective_call_offs(call_offs), receipts, UNTIL_US)
        is_otif += [line.otif for line in lines if line.is_over]
    assert len(is_otif) > 40
    assert 0.3 < sum(is_otif) / len(is_otif) < 0.95


def test_supplier_stock_covers_the_despatches_ahead() -> None:
    timeline = TIMELINES[0]
    stocks = {s.at_us: s.quantity for s in supplier_stocks([timeline], SINCE_US, UNTIL_US)}
    assert len(stocks) == PAST_DAYS * 24
    shipments = [
        shipment
        for delivery in timeline.deliveries_until(UNTIL_US)
        for shipment in timeline.shipments_of(delivery)
        if SINCE_US + DAY_US < shipment.despatched_us < UNTIL_US - 4 * DAY_US
    ]
    assert shipments
    for shipment in shipments:
        before_us = shipment.despatched_us - shipment.despatched_us % HOUR_US
        assert stocks[before_us] >= shipment.quantity


def test_a_feed_resumes_and_deletes_old_files(tmp_path: Path) -> None:
    folders = SftpFolders(tmp_path)
    now_us = UNTIL_US + 5 * HOUR_US

    def create_feed(start_us: int) -> PartnersFeed:
        late = tmp_path / "late.json"
        return PartnersFeed(folders, start_us=start_us, seed=SEED, late=late, sender=None)

    feed = create_feed(now_us)
    done = folders.files / "stock" / DONE
    done.mkdir()
    for number in range(DONE_FILES_MAX + 3):
        (done / f"{number}.csv").write_text("")
    feed.write_until(now_us - DAY_US)
    assert len([*done.iterdir()]) == DONE_FILES_MAX
    first = {file.name for file in folders.files.glob("*/*.*")}
    again = create_feed(now_us + HOUR_US)
    progress = load_progress(folders.progress)
    assert progress is not None
    assert (progress.written_us, progress.start_us) == (now_us - DAY_US, now_us + HOUR_US)
    again.write_until(now_us)
    assert first < {file.name for file in folders.files.glob("*/*.*")}
    times = {file.stat().st_mtime_ns // 1000 for file in (folders.files / "edi").glob("*.edi")}
    assert max(times) <= now_us


def test_numbers_are_german() -> None:
    numbers = [format_german(number) for number in (1234567.5, 0.25, 999)]
    assert numbers == ["1.234.567,50", "0,25", "999,00"]


def test_the_fingerprint_equals_that_of_ssh_keygen(tmp_path: Path) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    folders = SftpFolders(tmp_path)
    key.write_public_key(str(folders.public_key))
    assert folders.fingerprint() == key.get_fingerprint()
