"""What the edges are told of the group's supply: files over SFTP, a database, a webhook."""

from pathlib import Path
from typing import Any, Final

from werknetz_simulator.partners.feed import BOOKS
from werknetz_simulator.partners.foundry.edge_file import POLL_S, file_of, inbox_of
from werknetz_simulator.partners.foundry.folders import PARTNERS, Place
from werknetz_simulator.partners.message_writer import ADVICE, BOOKING, CHARSET, EDI, TIME_FORM
from werknetz_simulator.partners.partners import (
    CUSTOMER,
    FIRMS,
    VDA_CUSTOMER,
    WAREHOUSES,
    ZONE,
    vda_number,
)
from werknetz_simulator.partners.warehouse_db import KINDS, TABLE
from werknetz_simulator.partners.webhook_sender import RECORDS, SOURCE

SQL: Final = "group-sql"
HOOK: Final = "group-webhook"
CONNECTORS: Final = (EDI, ADVICE, BOOKING, SQL, HOOK)


def edi_of(place: Place, host: str, port: int, spool: str) -> dict[str, Any]:
    agreed = {"zone": ZONE, "charset": CHARSET, "directory": "D96A"}
    options = {
        "inbox": inbox_of(place, host, port, EDI, "*.edi"),
        "zone": ZONE,
        "unknown_partners": False,
        "partners": [
            *({"name": firm.name, "sender": firm.number, "messages": ["DESADV"], **agreed}
              for firm in FIRMS if firm.speaks == "edifact"),
            *({"name": firm.name, "sender": vda_number(firm), "messages": ["VDA4913"],
               "zone": ZONE} for firm in FIRMS if firm.speaks == "vda"),
            *({"name": w.code, "sender": w.code, "messages": ["INVRPT"], **agreed}
              for w in WAREHOUSES if w.speaks == "invrpt"),
            {"name": "Nordwerk, VDA", "sender": VDA_CUSTOMER, "messages": ["VDA4905"],
             "zone": ZONE},
            {"name": "Nordwerk, ERP", "sender": CUSTOMER, "messages": ["DELFOR"], **agreed},
        ],
    }  # fmt: skip
    return file_of(EDI, "edi", options, spool, [])


def advice_of(place: Place, host: str, port: int, spool: str) -> dict[str, Any]:
    """Despatch advices of suppliers without EDI."""
    options = {
        "inbox": inbox_of(place, host, port, ADVICE, "*.csv"),
        "sources": [_source("avis", "Gemeldet", ["Lieferschein", "Material"])],
    }
    event = {
        "source": "avis",
        "kind": "shipment_announced",
        "fields": {
            "document": "Lieferschein",
            "delivery_note": "Lieferschein",
            "document_us": _time("Gemeldet"),
            "despatched_us": _time("Abgang"),
            "arrives_us": _time("Ankunft"),
            "ship_to": "Werk",
            "material": "Material",
            "supplier_material": "Artikel",
            "quantity": "Menge",
            "unit": "Einheit",
            "supplier": "Lieferant",
            "handling_unit": "Behaelter",
        },
    }
    return file_of(ADVICE, "tables", options, spool, [event])


def warehouses_of(place: Place, host: str, port: int, spool: str) -> dict[str, Any]:
    """What the warehouses book: receipts, movements and counts in one file."""
    options = {
        "inbox": inbox_of(place, host, port, BOOKING, "*.csv"),
        "sources": [_source("lager", "Zeit", ["Beleg", "Art", "Lager", "Material"])],
    }
    shared = {"document": "Beleg", "material": "Material", "quantity": "Menge", "unit": "Einheit",
              "warehouse": "Lager"}  # fmt: skip
    received = {**shared, "delivery_note": "Lieferschein", "supplier": "Lieferant",
                "received_us": _time("Zeit")}  # fmt: skip
    events = [
        {"source": "lager", "name": kind, "kind": f"{what}",
         "when": f'record["Art"] == "{KINDS[kind]}"', "fields": fields}
        for kind, what, fields in (
            ("receipt", "goods_received", received),
            ("move", "stock_moved", shared),
            ("count", "stock_counted", shared),
        )
    ]  # fmt: skip
    return file_of(BOOKING, "tables", options, spool, events)


def books_of(place: Place, _host: str, _port: int, spool: str) -> dict[str, Any]:
    """What warehouses with a database book, read from there."""
    database = place.files(PARTNERS[0]) / BOOKS
    source = {"name": "buchungen", "table": TABLE, "id": "id", "append": True, "lag": 10,
              "time": "zeit"}  # fmt: skip
    shared = {"document": "beleg", "material": "material", "quantity": "menge",
              "unit": "einheit", "warehouse": "lager"}  # fmt: skip
    received = {**shared, "delivery_note": "lieferschein", "supplier": "lieferant",
                "received_us": "zeit"}  # fmt: skip
    events = [
        {"source": "buchungen", "name": kind, "kind": what, "fields": fields,
         "when": f"record.art == '{KINDS[kind]}'"}
        for kind, what, fields in (
            ("receipt", "goods_received", received),
            ("move", "stock_moved", shared),
            ("count", "stock_counted", shared),
        )
    ]  # fmt: skip
    options = {"url": f"sqlite:///{database}", "poll_s": POLL_S, "sources": [source]}
    return file_of(SQL, "sql", options, spool, events)


def hook_of(host: str, port: int, key_file: Path, spool: str) -> dict[str, Any]:
    """Despatch advices of suppliers that push them."""
    source = {
        "auth": {"method": "key", "secret": {"file": str(key_file)}},
        "records": RECORDS,
        "key": ["supplier", "note", "material"],
        "time": {"path": "told"},
    }
    event = {
        "source": f"hooks/{SOURCE}",
        "kind": "shipment_announced",
        "fields": {
            "document": "note",
            "delivery_note": "note",
            "document_us": "told",
            "despatched_us": "left",
            "arrives_us": "arrives",
            "ship_to": "site",
            "material": "material",
            "supplier_material": "article",
            "quantity": "quantity",
            "unit": "unit",
            "supplier": "supplier",
            "handling_unit": "pallet",
        },
    }
    options = {"host": host, "port": port, "sources": {SOURCE: source}}
    return file_of(HOOK, "webhook", options, spool, [event])


def _time(column: str) -> dict[str, Any]:
    return {"field": column, "format": TIME_FORM}


def _source(name: str, time: str, key: list[str]) -> dict[str, Any]:
    return {
        "name": name,
        "as": "records",
        "delimiter": ";",
        "numbers": ["Menge"],
        "decimal": "comma",
        "time": {"column": time, "format": TIME_FORM},
        "key": key,
    }
