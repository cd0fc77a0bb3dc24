"""What the group's partners write is read back by the real readers into exactly what happened."""

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
from werknetz_simulator.partners.feed import booked_of, pushed_of
from werknetz_simulator.partners.foundry.folders import Place
from werknetz_simulator.partners.message_writer import ADVICE, BOOKING, EDI, files_of
from werknetz_simulator.partners.partners import RELATIONS, ZONE, Relation, plant_code, vda_number
from werknetz_simulator.partners.timeline import (
    CallOff,
    Count,
    Move,
    Receipt,
    Shipment,
    Story,
    Told,
)
from werknetz_simulator.partners.warehouse_db import book, open_books
from werknetz_simulator.partners.webhook_sender import SOURCE, row_of
from werknetz_simulator.plants.plan import DAY_US, instant_of, us_of

SINCE = us_of(datetime(2026, 11, 1, tzinfo=UTC))
UNTIL = SINCE + 9 * DAY_US
SAID = [
    (relation, told)
    for relation in RELATIONS
    for told in Story(relation, since_us=SINCE, seed="nordwerk").told(0, UNTIL)
]


def place(folder: Path) -> Place:
    made = Place(folder)
    made.public_key.write_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGI= host")
    return made


def read(folder: Path) -> tuple[list[BusinessEvent], list[Unmapped]]:
    """Read every file as its edge would."""
    where = place(folder), "127.0.0.1", 22, "./spool"
    trees = {
        EDI: edge_file.edi_of(*where),
        ADVICE: edge_file.advice_of(*where),
        BOOKING: edge_file.warehouses_of(*where),
    }
    events: list[BusinessEvent] = []
    refused: list[Unmapped] = []
    for number, (inbox, name, content) in enumerate(files_of(SAID, UNTIL)):
        tree = trees[inbox]
        normalizer = Normalizer(Mapping.model_validate(tree["mapping"]), tree["connector"])
        for chunk in chunks(tree, folder, name, content, number):
            refused += chunk.rejects
            told = normalizer.normalize(Delivery(records=chunk.records), 0)
            events += [one for one in told if isinstance(one, BusinessEvent)]
            refused += [one for one in told if isinstance(one, Unmapped)]
    for told in _booked(edge_file.books_of(*where), folder):
        events += [one for one in told if isinstance(one, BusinessEvent)]
        refused += [one for one in told if isinstance(one, Unmapped)]
    hook = edge_file.hook_of("127.0.0.1", 0, folder / "key", "./spool")
    for told in _normalized(
        hook, f"hooks/{SOURCE}", [row_of(*pair) for pair in pushed_of(SAID)], "told"
    ):
        events += [one for one in told if isinstance(one, BusinessEvent)]
        refused += [one for one in told if isinstance(one, Unmapped)]
    return events, refused


def _normalized(
    tree: dict[str, Any], source: str, rows: Iterable[dict[str, Any]], time: str
) -> Iterator[list[object]]:
    normalizer = Normalizer(Mapping.model_validate(tree["mapping"]), tree["connector"])
    for number, row in enumerate(rows):
        at_us = us_of(datetime.fromisoformat(row[time]))
        record = SourceRecord(source, row, str(number).encode(), source_time_us=at_us)
        yield [*normalizer.normalize(Delivery(records=[record]), 0)]


def _booked(tree: dict[str, Any], folder: Path) -> Iterator[list[object]]:
    """Read the warehouses' books as rows, twice told and once booked."""
    file = folder / "books.db"
    open_books(file)
    for _ in range(2):
        book(file, booked_of(SAID), UNTIL)
    with closing(sqlite3.connect(file)) as database:
        database.row_factory = sqlite3.Row
        rows = [dict(row) for row in database.execute("SELECT * FROM buchungen ORDER BY id")]
    yield from _normalized(tree, "buchungen", rows, "zeit")


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


def test_it_comes_out_as_it_went_in(tmp_path: Path) -> None:
    events, refused = read(tmp_path)
    assert refused == []
    found: Counter[tuple[Any, ...]] = Counter()
    for event in events:
        body = body_of(event.fact)
        kind = kind_of(event.fact)
        when = body.get("due_from_us", event.at_us)
        found[kind, body["document"], body["material"], body["quantity"], when] += 1
    assert found == Counter(_expected())
    notes = [body_of(e.fact) for e in events if kind_of(e.fact) == "shipment_announced"]
    assert all(body["handling_unit"] for body in notes)
    assert {body["supplier"] for body in notes} == {
        vda_number(relation.firm) if relation.firm.speaks == "vda" else relation.firm.number
        for relation, told in SAID
        if isinstance(told, Shipment)
    }
    calls = [body_of(e.fact) for e in events if kind_of(e.fact) == "delivery_called_off"]
    assert {body["ship_to"] for body in calls} == {
        plant_code(one.warehouse.plant) if one.firm.speaks == "vda" else one.site
        for one in RELATIONS
    }
    assert {body["document_us"] for body in calls} == {
        _said_us(relation, told) for relation, told in SAID if isinstance(told, CallOff)
    }


def _expected() -> list[tuple[Any, ...]]:
    kinds = {
        Shipment: "shipment_announced", Receipt: "goods_received", Move: "stock_moved",
        Count: "stock_counted",
    }  # fmt: skip
    expected: list[tuple[Any, ...]] = []
    for relation, told in SAID:
        number, material = told.number, relation.material
        if isinstance(told, CallOff):
            expected += [
                ("delivery_called_off", number, material, entry.quantity, _midnight(entry.due))
                for entry in told.entries
            ]
        else:
            at_us = _said_us(relation, told)
            expected.append((kinds[type(told)], number, material, told.quantity, at_us))
    return expected


def _said_us(relation: Relation, told: Told) -> int:
    """Return when it happened as far as its form can say it: documents of the VDA have a day."""
    if isinstance(told, CallOff | Shipment) and relation.firm.speaks == "vda":
        return _midnight(instant_of(told.at_us).astimezone(ZoneInfo(ZONE)).date())
    return told.at_us


def _midnight(day: date) -> int:
    return us_of(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(ZONE)).astimezone(UTC))


def test_every_partner_has_a_voice() -> None:
    kinds = Counter(inbox for inbox, _, _ in files_of(SAID, UNTIL))
    assert kinds[EDI] > 30
    assert kinds[ADVICE] > 5
    assert kinds[BOOKING] == 3
    assert {one.firm.speaks for one in RELATIONS} == {"csv", "edifact", "vda", "webhook"}
    assert {one.warehouse.speaks for one in RELATIONS} == {"csv", "invrpt", "sql"}
