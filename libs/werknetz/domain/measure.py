"""Units as partners write them: many codes, one meaning.

UN/ECE recommendation 20 (EDIFACT), VDA 4905/4913, SAP and plain words. Nothing is converted here
but what is exact by definition.
"""

from typing import Final

_SAME: Final = {
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
_CODES: Final = {word: code for code, words in _SAME.items() for word in words.split()}
# unit → (kind, how many of the kind's smallest)
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
    """Return the code that stands for the unit; one that nobody knows stays as it was said."""
    word = text.strip().upper()
    return _CODES.get(word, word)


def factor_between(unit: str, base: str) -> float | None:
    """Return how many of `base` are one `unit`; None: they do not measure the same."""
    if unit == base:
        return 1.0
    one, other = _EXACT.get(unit), _EXACT.get(base)
    if one is None or other is None or one[0] != other[0]:
        return None
    return one[1] / other[1]


def base_unit_of(unit: str) -> str:
    """Return the unit in which a material is kept that was first told in this one.

    The same for all units that measure the same, so that it does not matter which came first.
    """
    kind = _EXACT.get(unit, (unit, 1.0))[0]
    return _BASES.get(kind, unit)


_BASES: Final = {"count": "PCE", "mass": "KGM", "length": "MTR", "volume": "LTR"}
