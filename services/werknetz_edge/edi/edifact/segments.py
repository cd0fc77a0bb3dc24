"""How each segment of each message is treated: read, ignored by a rule, or remarked.

A segment that is neither read nor in these tables is remarked with its position. "*" stands for
all codes of a segment.
"""

from collections.abc import Mapping
from typing import Final

Rules = Mapping[str, Mapping[str, str]]
"""Tag → code → the reason why it is ignored."""

_ALL: Final = (
    "BGM", "DTM", "RFF", "NAD", "LOC", "LIN", "PIA", "IMD", "QTY", "FTX", "TDT", "EQD", "MEA",
    "GIN", "GIR", "PAC",
)  # fmt: skip
READ: Final[Mapping[str, frozenset[str]]] = {
    "DELFOR": frozenset({*_ALL, "SCC", "SEQ", "UNS", "GIS", "GEI"}),
    "DELJIT": frozenset({*_ALL, "SCC", "SEQ", "UNS", "GIS", "GEI"}),
    "DESADV": frozenset({*_ALL, "CPS"}),
    "RECADV": frozenset({*_ALL, "CPS", "QVR"}),
    "INVRPT": frozenset({*_ALL, "INV", "STS"}),
}
"""Segments with a reader. Codes without a meaning are ignored by a rule below, or remarked."""

_CONTROL: Final = {"*": "control segment: checked by the interchange"}
_CONTACT: Final = {"*": "contact person: not part of the fact"}
_MONEY: Final = {"*": "prices, amounts and terms: not part of the fact"}
_HANDLING: Final = {"*": "handling, danger and temperature: not part of the fact"}
_PARTY_ROLES: Final = dict.fromkeys(
    ("IV", "II", "PE", "PR", "UC", "UD", "SH", "MS", "MR", "OB", "LSP", "MF", "DEQ", "CO", "SN"),
    "party without a part in the fact: invoice, payment, message, final use",
)
_SUPPLY: Final[Rules] = {
    "UNH": _CONTROL, "UNT": _CONTROL, "CNT": _CONTROL, "AUT": _CONTROL,
    "CTA": _CONTACT, "COM": _CONTACT,
    "CUX": _MONEY, "MOA": _MONEY, "PRI": _MONEY, "TAX": _MONEY, "TOD": _MONEY, "PAT": _MONEY,
    "HAN": _HANDLING, "DGS": _HANDLING, "TMP": _HANDLING, "RNG": _HANDLING,
    "ALI": {"*": "origin and customs: not part of the fact"},
    "PCI": {"*": "marking instruction: the labels follow in GIN"},
    "SEL": {"*": "seal numbers: not part of the fact"},
    "NAD": _PARTY_ROLES,
    "DTM": {
        "171": "date of a reference", "4": "date of the order", "97": "date of transmission",
        "158": "start of the horizon: the entries have their own dates",
    },
    "RFF": {
        "ACD": "additional reference number", "ALO": "number of a receiving advice",
        "AVQ": "number of a service", "VA": "tax number", "API": "additional party number",
        "IT": "internal customer number", "IA": "internal vendor number",
        "FF": "number of the forwarder", "IV": "number of an invoice",
        "PL": "number of a price list", "YC1": "additional party number",
    },
    "MEA": {
        **dict.fromkeys(
            ("AAA", "AAC", "AAL", "AAF", "N", "T"), "net and tare weight"
        ),
        **dict.fromkeys(
            ("AAW", "ABJ", "WD", "LN", "HT", "DP", "DI", "TH", "VOL"),
            "dimensions and volume",
        ),
        **dict.fromkeys(("AAU", "LMT", "SQ", "CT", "UNT"), "loading metres and counts of packages"),
    },
    "PIA": dict.fromkeys(
        ("DR", "DW", "EC", "EF", "PV", "GN", "AB", "RY", "GB", "CG", "CC", "HS", "PD", "ST", "SS"),
        "drawing, change level, variant or class of the item",
    ),
    "GIN": dict.fromkeys(
        ("EU", "SS", "CU", "ML", "BJ", "AW"), "numbers of seals and packages: only DESADV has them"
    ),
    "EQD": dict.fromkeys(("PA", "PL", "BX", "EFP"), "load carriers: the labels follow in GIN"),
}  # fmt: skip

IGNORED: Final[Mapping[str, Rules]] = {
    "DELFOR": {
        **_SUPPLY,
        "QVR": {"*": "difference from the former schedule: the schedule itself is read"},
        "QTY": {"135": "pieces on order: not part of the schedule"},
    },
    "DELJIT": {**_SUPPLY, "QVR": {"*": "difference from the former call-off"}},
    "DESADV": {
        **_SUPPLY,
        "DTM": {
            **_SUPPLY["DTM"],
            **dict.fromkeys(
                ("2", "10", "63", "64", "69", "76", "200", "234"), "date that the customer wanted"
            ),
            "23E": "start of the item's life", "186": "departure from the place of loading",
        },
        "QTY": {
            "21": "ordered quantity", "192": "free goods: part of the despatched quantity",
            "59": "consumer units in a traded unit", "11": "split quantity",
        },
        "QVR": {"*": "difference from the order: the order is not stored"},
        "DLM": {"*": "limits of the delivery"},
        "EQA": {"*": "attached equipment"},
        "SGP": {"*": "placement of goods in equipment"},
    },
    "RECADV": {
        **_SUPPLY,
        "DOC": {"*": "accompanying documents"},
        "CDI": {"*": "condition of packages"},
        "INP": {"*": "instructions after the receipt"},
        "QTY": {"21": "ordered quantity"},
        "EQA": {"*": "attached equipment"},
    },
    "INVRPT": {
        **_SUPPLY,
        "GIS": {"*": "processing indicator"},
        "CPI": {"*": "charges"},
        "SCC": {"*": "scheduling conditions"},
        "UNS": _CONTROL,
    },
}  # fmt: skip


def ignore_reason(message: str, tag: str, code: str = "") -> str:
    """Return the rule that ignores a segment with this code; empty: there is none."""
    rules = IGNORED[message].get(tag)
    if rules is None:
        return ""
    return rules.get("*") or rules.get(code) or ""
