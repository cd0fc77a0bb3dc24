"""Edge configuration for the partners: files over SFTP, a database, a webhook."""

from pathlib import Path
from typing import Any, Final

from werknetz_simulator.partners.feed import DONE, WAREHOUSE_DATABASE
from werknetz_simulator.partners.messages.csv_writer import TIME_FORM
from werknetz_simulator.partners.messages.edifact_writer import CHARSET
from werknetz_simulator.partners.messages.message_writer import ADVICE, BOOKING, EDI
from werknetz_simulator.partners.messages.warehouse_db import BOOKING_KINDS, TABLE
from werknetz_simulator.partners.messages.webhook_sender import RECORDS, SOURCE
from werknetz_simulator.partners.partners import (
    CUSTOMER,
    FIRMS,
    VDA_CUSTOMER,
    WAREHOUSES,
    WESERGUSS,
    ZONE,
    vda_number_of,
)
from werknetz_simulator.partners.sftp_folders import ACCOUNT, SftpFolders
from werknetz_simulator.partners.weserguss import EDI_FOLDER, STOCK_FOLDER

WAREHOUSE_SQL: Final = "group-sql"
WEBHOOK_EDGE: Final = "group-webhook"
WESERGUSS_EDI: Final = "weserguss-edi"
WESERGUSS_STOCK: Final = "weserguss-stock"
CONNECTORS: Final = (EDI, ADVICE, BOOKING, WAREHOUSE_SQL, WEBHOOK_EDGE)
WESERGUSS_CONNECTORS: Final = (WESERGUSS_EDI, WESERGUSS_STOCK)
SETTLE_S: Final = 1.0  # files appear in one step
POLL_S: Final = 2.0
_EDIFACT: Final = {"zone": ZONE, "charset": CHARSET, "directory": "D96A"}


def edi_edge_of(folders: SftpFolders, host: str, port: int, spool: str) -> dict[str, Any]:
    """Return the edge for EDIFACT and VDA files of all partners but Weserguss."""
    options = {
        "inbox": _inbox(folders, host, port, EDI, "*.edi"),
        "zone": ZONE,
        "unknown_partners": False,
        "partners": [
            *({"name": firm.name, "sender": firm.number, "messages": ["DESADV"], **_EDIFACT}
              for firm in FIRMS if firm.form == "edifact" and firm != WESERGUSS),
            *({"name": firm.name, "sender": vda_number_of(firm), "messages": ["VDA4913"],
               "zone": ZONE} for firm in FIRMS if firm.form == "vda"),
            *({"name": w.code, "sender": w.code, "messages": ["INVRPT"], **_EDIFACT}
              for w in WAREHOUSES if w.form == "invrpt"),
            {"name": "Nordwerk, VDA", "sender": VDA_CUSTOMER, "messages": ["VDA4905"],
             "zone": ZONE},
            {"name": "Nordwerk, ERP", "sender": CUSTOMER, "messages": ["DELFOR"], **_EDIFACT},
        ],
    }  # fmt: skip
    return _config(EDI, "edi", options, spool, [])


def advice_edge_of(folders: SftpFolders, host: str, port: int, spool: str) -> dict[str, Any]:
    """Return the edge for despatch advices of suppliers without EDI."""
    options = {
        "inbox": _inbox(folders, host, port, ADVICE, "*.csv"),
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
    return _config(ADVICE, "tables", options, spool, [event])


def warehouse_files_edge_of(
    folders: SftpFolders, host: str, port: int, spool: str
) -> dict[str, Any]:
    """Return the edge for warehouse bookings: receipts, moves and counts in one file."""
    options = {
        "inbox": _inbox(folders, host, port, BOOKING, "*.csv"),
        "sources": [_source("lager", "Zeit", ["Beleg", "Art", "Lager", "Material"])],
    }
    shared = {"document": "Beleg", "material": "Material", "quantity": "Menge", "unit": "Einheit",
              "warehouse": "Lager"}  # fmt: skip
    received = {**shared, "delivery_note": "Lieferschein", "supplier": "Lieferant",
                "received_us": _time("Zeit")}  # fmt: skip
    events = [
        {"source": "lager", "name": kind, "kind": event_kind,
         "when": f'record["Art"] == "{BOOKING_KINDS[kind]}"', "fields": fields}
        for kind, event_kind, fields in (
            ("receipt", "goods_received", received),
            ("move", "stock_moved", shared),
            ("count", "stock_counted", shared),
        )
    ]  # fmt: skip
    return _config(BOOKING, "tables", options, spool, events)


def warehouse_database_edge_of(
    folders: SftpFolders, _host: str, _port: int, spool: str
) -> dict[str, Any]:
    """Return the edge for bookings of warehouses with a database."""
    database = folders.files / WAREHOUSE_DATABASE
    source = {"name": "buchungen", "table": TABLE, "id": "id", "append": True, "lag": 10,
              "time": "zeit"}  # fmt: skip
    shared = {"document": "beleg", "material": "material", "quantity": "menge",
              "unit": "einheit", "warehouse": "lager"}  # fmt: skip
    received = {**shared, "delivery_note": "lieferschein", "supplier": "lieferant",
                "received_us": "zeit"}  # fmt: skip
    events = [
        {"source": "buchungen", "name": kind, "kind": event_kind, "fields": fields,
         "when": f"record.art == '{BOOKING_KINDS[kind]}'"}
        for kind, event_kind, fields in (
            ("receipt", "goods_received", received),
            ("move", "stock_moved", shared),
            ("count", "stock_counted", shared),
        )
    ]  # fmt: skip
    options = {"url": f"sqlite:///{database}", "poll_s": POLL_S, "sources": [source]}
    return _config(WAREHOUSE_SQL, "sql", options, spool, events)


def webhook_edge_of(host: str, port: int, key_file: Path, spool: str) -> dict[str, Any]:
    """Return the edge for despatch advices that suppliers push."""
    source = {
        "auth": {"method": "key", "secret": {"file": str(key_file)}},
        "records": RECORDS,
        "key": ["supplier", "note", "material"],
        "time": {"path": "announced"},
    }
    event = {
        "source": f"hooks/{SOURCE}",
        "kind": "shipment_announced",
        "fields": {
            "document": "note",
            "delivery_note": "note",
            "document_us": "announced",
            "despatched_us": "despatched",
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
    return _config(WEBHOOK_EDGE, "webhook", options, spool, [event])


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


def weserguss_edi_edge_of(folders: SftpFolders, host: str, port: int, spool: str) -> dict[str, Any]:
    """Return the edge for call-offs and despatch advices of Weserguss."""
    options = {
        "inbox": _inbox(folders, host, port, EDI_FOLDER, "*.edi"),
        "zone": ZONE,
        "unknown_partners": False,
        "partners": [
            {"name": "Weserguss", "sender": WESERGUSS.number, "messages": ["DESADV"], **_EDIFACT},
            {"name": "Nordwerk, ERP", "sender": CUSTOMER, "messages": ["DELFOR"], **_EDIFACT},
        ],
    }
    return _config(WESERGUSS_EDI, "edi", options, spool, [])


def weserguss_stock_edge_of(
    folders: SftpFolders, host: str, port: int, spool: str
) -> dict[str, Any]:
    """Return the edge for the stock reports of Weserguss."""
    source = {
        "name": "bestand",
        "as": "records",
        "delimiter": ";",
        "numbers": ["Bestand"],
        "decimal": "comma",
        "thousands": ".",
        "time": {"column": "Stichtag", "format": TIME_FORM},
        "key": ["Beleg", "Lager", "Material"],
    }
    options = {
        "inbox": _inbox(folders, host, port, STOCK_FOLDER, "*.csv"),
        "sources": [source],
    }
    event = {
        "source": "bestand",
        "kind": "stock_counted",
        "fields": {
            "document": "Beleg",
            "material": "Material",
            "supplier_material": "Artikel",
            "quantity": "Bestand",
            "unit": "Einheit",
            "warehouse": "Lager",
            "keeper": {"constant": WESERGUSS.number},
        },
    }
    return _config(WESERGUSS_STOCK, "tables", options, spool, [event])


def _inbox(folders: SftpFolders, host: str, port: int, folder: str, pattern: str) -> dict[str, Any]:
    """Return the inbox of a folder on the SFTP server."""
    return {
        "sftp": {
            "host": host,
            "port": port,
            "user": ACCOUNT,
            "path": f"/{folder}",
            "password_file": str(folders.password),
            "fingerprint": folders.fingerprint(),
            "timeout_s": 10,
        },
        "pattern": pattern,
        "done": DONE,
        "settle_s": SETTLE_S,
        "poll_s": POLL_S,
    }


def _config(
    connector: str, protocol: str, options: dict[str, Any], spool: str, events: list[Any]
) -> dict[str, Any]:
    """Return an edge configuration whose mapping has the name of its connector."""
    mapping: dict[str, Any] = {"name": connector, "version": 1, "time_zone": ZONE}
    return {
        "connector": connector,
        "protocol": protocol,
        "spool": {"folder": spool},
        "options": options,
        "mapping": mapping | ({"events": events} if events else {}),
    }
