"""The real readers turn the partners' messages back into exactly the events of the timeline."""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from werknetz.connector.contract import Delivery, SourceRecord
from werknetz.connector.mapping.mapping import Mapping
from werknetz.connector.normalize import Normalizer
from werknetz.events.batch import BusinessEvent, Unmapped
from werknetz.events.facts import body_of, kind_of
from werknetz_edge.edi.config import EdiConfig
from werknetz_edge.edi.parser import EdiParser
from werknetz_edge.edi.profile import Partners
from werknetz_edge.files.connector import Chunk
from werknetz_edge.files.inbox import LocalFile
from werknetz_edge.tables.config import TablesConfig
from werknetz_edge.tables.parser import TableParser
from werknetz_simulator.partners import edge_file
from werknetz_simulator.partners.feed import database_events_of, pushed_shipments_of
from werknetz_simulator.partners.messages.message_writer import ADVICE, BOOKING, EDI, files_of
from werknetz_simulator.partners.messages.warehouse_db import create_database, insert_events
from werknetz_simulator.partners.messages.webhook_sender import SOURCE, shipment_row_of
from werknetz_simulator.partners.partners import (
    RELATIONS,
    WESERGUSS,
    ZONE,
    SupplyRelation,
    plant_code_of,
    vda_number_of,
)
from werknetz_simulator.partners.sftp_folders import SftpFolders
from werknetz_simulator.partners.timeline import (
    CallOff,
    GoodsReceipt,
    InventoryCount,
    PartnerEvent,
    RelationTimeline,
    Shipment,
    StockMove,
)
from werknetz_simulator.partners.weserguss import EDI_FOLDER, has_wrong_date, is_sent_twice
from werknetz_simulator.plants.plan import DAY_US, instant_of, us_of

SINCE = us_of(datetime(2026, 11, 1, tzinfo=UTC))
UNTIL = SINCE + 9 * DAY_US
EVENTS = [
    (relation, event)
    for relation in RELATIONS
    for event in RelationTimeline(relation, since_us=SINCE, seed="nordwerk").events_between(
        0, UNTIL
    )
]


def sftp_folders(folder: Path) -> SftpFolders:
    folders = SftpFolders(folder)
    folders.public_key.write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGI= host")
    return folders


def read(folder: Path) -> tuple[list[BusinessEvent], list[Unmapped]]:
    """Read every file as its edge would."""
    address = sftp_folders(folder), "127.0.0.1", 22, "./spool"
    trees = {
        EDI: edge_file.edi_edge_of(*address),
        EDI_FOLDER: edge_file.weserguss_edi_edge_of(*address),
        ADVICE: edge_file.advice_edge_of(*address),
        BOOKING: edge_file.warehouse_files_edge_of(*address),
    }
    events: list[BusinessEvent] = []
    rejects: list[Unmapped] = []
    for number, (inbox, name, content) in enumerate(files_of(EVENTS, UNTIL)):
        tree = trees[inbox]
        normalizer = Normalizer(Mapping.model_validate(tree["mapping"]), tree["connector"])
        for chunk in chunks(tree, folder, name, content, number):
            rejects += chunk.rejects
            _sort_out(normalizer.normalize(Delivery(records=chunk.records), 0), events, rejects)
    for records in _read_database(edge_file.warehouse_database_edge_of(*address), folder):
        _sort_out(records, events, rejects)
    hook = edge_file.webhook_edge_of("127.0.0.1", 0, folder / "key", "./spool")
    rows = [shipment_row_of(*pair) for pair in pushed_shipments_of(EVENTS)]
    for records in _normalize(hook, f"hooks/{SOURCE}", rows, "announced"):
        _sort_out(records, events, rejects)
    return events, rejects


def _sort_out(
    records: Iterable[object], events: list[BusinessEvent], rejects: list[Unmapped]
) -> None:
    for record in records:
        if isinstance(record, BusinessEvent):
            events.append(record)
        elif isinstance(record, Unmapped):
            rejects.append(record)


def _normalize(
    tree: dict[str, Any], source: str, rows: Iterable[dict[str, Any]], time: str
) -> Iterator[list[object]]:
    normalizer = Normalizer(Mapping.model_validate(tree["mapping"]), tree["connector"])
    for number, row in enumerate(rows):
        at_us = us_of(datetime.fromisoformat(row[time]))
        record = SourceRecord(source, row, str(number).encode(), source_time_us=at_us)
        yield [*normalizer.normalize(Delivery(records=[record]), 0)]


def _read_database(tree: dict[str, Any], folder: Path) -> Iterator[list[object]]:
    """Read the rows of the warehouse database, into which the events are inserted twice."""
    file = folder / "books.db"
    create_database(file)
    for _ in range(2):
        insert_events(file, database_events_of(EVENTS), UNTIL)
    with closing(sqlite3.connect(file)) as database:
        database.row_factory = sqlite3.Row
        rows = [dict(row) for row in database.execute("SELECT * FROM buchungen ORDER BY id")]
    yield from _normalize(tree, "buchungen", rows, "zeit")


def chunks(
    tree: dict[str, Any], folder: Path, name: str, content: bytes, number: int
) -> list[Chunk]:
    if tree["protocol"] == "edi":
        config = EdiConfig.model_validate(tree["options"])
        partners = Partners(partners=config.partners)
        return [*EdiParser(partners, config.zone).parse_bytes(content, 0)]
    file = folder / f"{number}-{name}"
    file.write_bytes(content)
    parser = TableParser(TablesConfig.model_validate(tree["options"]), folder)
    return [*parser.parse(LocalFile(name, file, len(content), 0, bytes(16)))]


def test_readers_return_the_events_of_the_timeline(tmp_path: Path) -> None:
    events, rejects = read(tmp_path)
    wrong = [pair for pair in EVENTS if _is_wrong(*pair)]
    assert len(rejects) == len(wrong) > 0
    assert all("0148" in str(reject) for reject in rejects)
    counts: Counter[tuple[Any, ...]] = Counter()
    for event in events:
        body = body_of(event.fact)
        kind = kind_of(event.fact)
        when = body.get("due_from_us", event.at_us)
        counts[kind, body["document"], body["material"], body["quantity"], when] += 1
    assert counts == Counter(_expected_rows())
    notes = [body_of(e.fact) for e in events if kind_of(e.fact) == "shipment_announced"]
    assert all(body.get("handling_unit") for body in notes if body["supplier"] != WESERGUSS.number)
    assert {body["supplier"] for body in notes} == {
        vda_number_of(relation.firm) if relation.firm.form == "vda" else relation.firm.number
        for relation, event in EVENTS
        if isinstance(event, Shipment)
    }
    calls = [body_of(e.fact) for e in events if kind_of(e.fact) == "delivery_called_off"]
    assert {body["ship_to"] for body in calls} == {
        plant_code_of(r.warehouse.plant) if r.firm.form == "vda" else r.site for r in RELATIONS
    }
    assert {body["document_us"] for body in calls} == {
        _document_us(relation, event)
        for relation, event in EVENTS
        if isinstance(event, CallOff) and not _is_wrong(relation, event)
    }


def _expected_rows() -> list[tuple[Any, ...]]:
    kinds = {
        Shipment: "shipment_announced", GoodsReceipt: "goods_received", StockMove: "stock_moved",
        InventoryCount: "stock_counted",
    }  # fmt: skip
    expected: list[tuple[Any, ...]] = []
    for relation, event in EVENTS:
        number, material = event.number, relation.material
        if _is_wrong(relation, event):
            continue
        if isinstance(event, CallOff):
            expected += [
                ("delivery_called_off", number, material, entry.quantity, _midnight(entry.due))
                for entry in event.entries
            ]
        else:
            at_us = _document_us(relation, event)
            is_repeated = isinstance(event, Shipment) and is_sent_twice(relation, event)
            row = (kinds[type(event)], number, material, event.quantity, at_us)
            expected += [row] * (2 if is_repeated else 1)
    return expected


def _document_us(relation: SupplyRelation, event: PartnerEvent) -> int:
    """Return the document time; VDA documents have only a day."""
    if isinstance(event, CallOff | Shipment) and relation.firm.form == "vda":
        return _midnight(instant_of(event.at_us).astimezone(ZoneInfo(ZONE)).date())
    return event.at_us


def _is_wrong(relation: SupplyRelation, event: PartnerEvent) -> bool:
    return isinstance(event, CallOff) and has_wrong_date(relation, event)


def _midnight(day: date) -> int:
    return us_of(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(ZONE)).astimezone(UTC))


def test_every_form_is_used() -> None:
    kinds = Counter(inbox for inbox, _, _ in files_of(EVENTS, UNTIL))
    assert kinds[EDI] > 30
    assert kinds[ADVICE] > 5
    assert kinds[BOOKING] == 3
    assert {relation.firm.form for relation in RELATIONS} == {"csv", "edifact", "vda", "webhook"}
    assert {relation.warehouse.form for relation in RELATIONS} == {"csv", "invrpt", "sql"}
