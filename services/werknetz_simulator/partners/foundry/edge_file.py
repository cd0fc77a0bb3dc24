"""What the edges are told of the supplier: two connectors on its SFTP server, as trees of YAML."""

from typing import Any, Final

from werknetz_simulator.partners.foundry.edifact_writer import CHARSET, CUSTOMER, FOUNDRY
from werknetz_simulator.partners.foundry.feed import DONE, EDI, STOCK
from werknetz_simulator.partners.foundry.folders import PARTNERS, Place
from werknetz_simulator.partners.foundry.stock_file import TIME_FORM
from werknetz_simulator.partners.foundry.timeline import ZONE

EDI_CONNECTOR: Final = "weserguss-edi"
STOCK_CONNECTOR: Final = "weserguss-stock"
SETTLE_S: Final = 1.0  # files are put down in one step
POLL_S: Final = 2.0


def edi_of(place: Place, host: str, port: int, spool: str) -> dict[str, Any]:
    """Return the whole file of the edge that reads call-offs and despatch advices."""
    agreed = {"zone": ZONE, "charset": CHARSET, "directory": "D96A"}
    options = {
        "inbox": inbox_of(place, host, port, EDI, "*.edi"),
        "zone": ZONE,
        "unknown_partners": False,
        "partners": [
            {"name": "Weserguss", "sender": FOUNDRY, "messages": ["DESADV"], **agreed},
            {"name": "Nordwerk, ERP", "sender": CUSTOMER, "messages": ["DELFOR"], **agreed},
        ],
    }
    return file_of(EDI_CONNECTOR, "edi", options, spool, [])


def stock_of(place: Place, host: str, port: int, spool: str) -> dict[str, Any]:
    """Return the whole file of the edge that reads stock counts."""
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
    options = {"inbox": inbox_of(place, host, port, STOCK, "*.csv"), "sources": [source]}
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
            "keeper": {"constant": FOUNDRY},
        },
    }
    return file_of(STOCK_CONNECTOR, "tables", options, spool, [event])


def inbox_of(place: Place, host: str, port: int, folder: str, pattern: str) -> dict[str, Any]:
    """Return the inbox of a folder on the supplier's SFTP server."""
    (partner,) = PARTNERS
    return {
        "sftp": {
            "host": host,
            "port": port,
            "user": partner,
            "path": f"/{folder}",
            "password_file": str(place.password(partner)),
            "fingerprint": place.fingerprint(),
            "timeout_s": 10,
        },
        "pattern": pattern,
        "done": DONE,
        "settle_s": SETTLE_S,
        "poll_s": POLL_S,
    }


def file_of(
    connector: str, protocol: str, options: dict[str, Any], spool: str, events: list[Any]
) -> dict[str, Any]:
    """Return the whole file of an edge whose mapping is named as its connector."""
    mapping: dict[str, Any] = {"name": connector, "version": 1, "time_zone": ZONE}
    return {
        "connector": connector,
        "protocol": protocol,
        "spool": {"folder": spool},
        "options": options,
        "mapping": mapping | ({"events": events} if events else {}),
    }
