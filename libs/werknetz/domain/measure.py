"""Codes of units as partners write them, mapped to UN/ECE recommendation 20.

Sources: EDIFACT, VDA 4905/4913, SAP and plain words. Only units whose ratio is exact by
definition are converted.
"""

from typing import Final

_SYNONYMS: Final = {
    "PCE": "PCE C62 EA H87 PC PCS NMB ST STK STCK STUECK STÜCK PIECE PIECES EACH NAR UN",
    "KGM": "KGM KG KILOGRAMM KILO",
    "GRM": "GRM G GR GRAMM",
    "TNE": "TNE TO T TON TONNE",
    "LBR": "LBR LB LBS",
    "MTR": "MTR M METER",
    "MMT": "MMT MM",
    "CMT": "CMT CM",
    "MTK": "MTK M2 QM",
    "MTQ": "MTQ M3 CBM",
    "LTR": "LTR L LITER",
    "MLT": "MLT ML",
    "SET": "SET SA SATZ",
    "PR": "PR PAA PAIR PAAR",
    "KMT": "KMT KM",
    "MIL": "MIL TS TSD",
}
_CODES: Final = {word: code for code, words in _SYNONYMS.items() for word in words.split()}
# unit → (quantity kind, size in the smallest unit of that kind)
_EXACT: Final = {
    "GRM": ("mass", 1.0),
    "KGM": ("mass", 1_000.0),
    "TNE": ("mass", 1_000_000.0),
    "LBR": ("mass", 453.592_37),
    "MMT": ("length", 1.0),
    "CMT": ("length", 10.0),
    "MTR": ("length", 1_000.0),
    "KMT": ("length", 1_000_000.0),
    "MLT": ("volume", 1.0),
    "LTR": ("volume", 1_000.0),
    "MTQ": ("volume", 1_000_000.0),
    "PCE": ("count", 1.0),
    "MIL": ("count", 1_000.0),
}


def unit_of(text: str) -> str:
    """Return the UN/ECE code of a unit; an unknown unit is returned in upper case."""
    word = text.strip().upper()
    return _CODES.get(word, word)


def factor_between(unit: str, base: str) -> float | None:
    """Return how many `base` one `unit` is; None where their kinds differ."""
    if unit == base:
        return 1.0
    unit_size, base_size = _EXACT.get(unit), _EXACT.get(base)
    if unit_size is None or base_size is None or unit_size[0] != base_size[0]:
        return None
    return unit_size[1] / base_size[1]


def base_unit_of(unit: str) -> str:
    """Return the unit in which quantities of a material are stored.

    All units of one kind have the same base, so the order in which units arrive does not matter.
    """
    exact = _EXACT.get(unit)
    return unit if exact is None else _BASES.get(exact[0], unit)


_BASES: Final = {"count": "PCE", "mass": "KGM", "length": "MTR", "volume": "LTR"}
