"""A stock count as the foundry's warehouse program writes it: CSV as Excel in Germany reads it."""

from typing import Final
from zoneinfo import ZoneInfo

from werknetz_simulator.partners.foundry.timeline import ZONE, StockCount
from werknetz_simulator.plants.plan import instant_of

COLUMNS: Final = ("Beleg", "Stichtag", "Lager", "Material", "Artikel", "Bestand", "Einheit")
TIME_FORM: Final = "%d.%m.%Y %H:%M:%S %z"
WAREHOUSE: Final = "Bremen-Hemelingen"
_UNITS: Final = {"PCE": "ST", "KGM": "kg"}


def stock_csv(document: StockCount) -> bytes:
    at = instant_of(document.at_us).astimezone(ZoneInfo(ZONE)).strftime(TIME_FORM)
    rows = [COLUMNS]
    for article, quantity in document.rows:
        rows.append(
            (
                document.number, at, WAREHOUSE, article.material, article.supplier_material,
                german(quantity), _UNITS[article.unit],
            )
        )  # fmt: skip
    return "".join(";".join(row) + "\r\n" for row in rows).encode("utf-8-sig")


def german(quantity: float) -> str:
    """1234.5 → 1.234,50"""  # noqa: D400, D415 - an example is no sentence
    return f"{quantity:,.2f}".translate(str.maketrans(",.", ".,"))
