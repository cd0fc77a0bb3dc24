"""Tables from the directories' codes to fields of events, and the changes of a partner.

(field, rank): where a message has several codes for a field, the lowest rank wins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final, Literal

from werknetz.events.facts import fields_of
from werknetz_edge.edi.profile import Partner, QuantityMeaning

Ranked = Mapping[str, tuple[str, int]]
Commitment = Literal["firm", "forecast", "immediate", "backlog", "planning"]


@dataclass(frozen=True)
class Codes:
    """The tables of one message type for one partner."""

    kind: str
    parties: Ranked = field(default_factory=dict)  # NAD 3035
    references: Ranked = field(default_factory=dict)  # RFF 1153
    places: Ranked = field(default_factory=dict)  # LOC 3227
    dates: Ranked = field(default_factory=dict)  # DTM 2005
    items: Mapping[str, str] = field(default_factory=dict)  # LIN, PIA 7143
    quantities: Mapping[str, QuantityMeaning] = field(default_factory=dict)  # QTY 6063
    labels: frozenset[str] = frozenset({"ML", "BJ", "AW"})  # GIN 7405

    @cached_property
    def names(self) -> frozenset[str]:
        more = fields_of("stock_moved") if self.kind == "stock_counted" else ()
        return frozenset([*fields_of(self.kind), *more])


PARTIES: Final[Ranked] = {
    "SU": ("supplier", 0), "SE": ("supplier", 1), "BY": ("customer", 0),
    "ST": ("ship_to", 0), "DP": ("ship_to", 1), "CN": ("ship_to", 2),
    "SF": ("ship_from", 0), "CZ": ("ship_from", 1),
}  # fmt: skip
ITEMS: Final = {
    "IN": "material", "BP": "material", "SA": "supplier_material", "VN": "supplier_material",
    "VP": "supplier_material", "EN": "ean", "UP": "ean", "SRV": "ean", "NB": "batch",
    "SN": "serial_number",
}  # fmt: skip
_ORDER: Final[Ranked] = {
    "ON": ("order_number", 0), "VN": ("order_number", 3), "LI": ("order_line", 9),
    "BT": ("batch", 0), "AAN": ("release_number", 0), "RE": ("release_number", 1),
}  # fmt: skip
_NOTE: Final[Ranked] = {
    "AAU": ("delivery_note", 0), "DQ": ("delivery_note", 1), "AAK": ("delivery_note", 2),
    "PK": ("delivery_note", 3),
}  # fmt: skip
_SHIPMENT: Final[Ranked] = {
    "CRN": ("shipment", 0), "SRN": ("shipment", 1), "AAS": ("shipment", 2), "UCN": ("shipment", 3),
    "BM": ("shipment", 4),
}  # fmt: skip

_SHELF_LIFE: Final[Ranked] = {
    "361": ("best_before_us", 0),
    "36": ("best_before_us", 1),
    "360": ("best_before_us", 2),
    "94": ("produced_us", 0),
}

CALL_OFF: Final = Codes(
    kind="delivery_called_off",
    parties={**PARTIES, "CA": ("carrier", 0), "FW": ("carrier", 1)},
    references={
        **_ORDER, "CT": ("order_number", 1), "BO": ("order_number", 2),
        "AIF": ("replaces", 0), "ACW": ("replaces", 1),
    },
    places={"11": ("unloading_point", 0), "159": ("point_of_use", 0)},
    dates={
        "137": ("document_us", 0), "51": ("cumulative_since_us", 0),
        "159": ("planning_until_us", 0),
    },
    items=ITEMS,
    quantities={
        "113": "called_off", "1": "called_off", "21": "called_off", "83": "backlog",
        "3": "cumulative", "79": "cumulative", "70": "cumulative_received",
        "48": "last_receipt", "194": "last_receipt", "52": "per_package",
    },
)  # fmt: skip

DESPATCH: Final = Codes(
    kind="shipment_announced",
    parties={**PARTIES, "CA": ("carrier", 0), "FW": ("carrier", 1)},
    references={**_ORDER, **_NOTE, **_SHIPMENT},
    places={"11": ("unloading_point", 0), "159": ("point_of_use", 0)},
    dates={
        "137": ("document_us", 0), "11": ("despatched_us", 0),
        "17": ("arrives_us", 0), "132": ("arrives_us", 1), "191": ("arrives_us", 2),
        **_SHELF_LIFE,
    },
    items=ITEMS,
    quantities={"12": "despatched", "3": "cumulative", "52": "per_package"},
)  # fmt: skip

RECEIPT: Final = Codes(
    kind="goods_received",
    parties={**PARTIES, "WH": ("warehouse", 0), "CA": ("carrier", 0), "FW": ("carrier", 1)},
    references={**_ORDER, **_NOTE, **_SHIPMENT},
    places={"11": ("unloading_point", 0), "18": ("warehouse", 1), "14": ("location", 0)},
    dates={
        "137": ("document_us", 0), "50": ("received_us", 0), "35": ("received_us", 1),
        **_SHELF_LIFE,
    },
    items=ITEMS,
    quantities={
        "48": "received", "194": "accepted", "195": "rejected", "196": "rejected",
        "12": "despatched", "52": "per_package",
    },
)  # fmt: skip

STOCK: Final = Codes(
    kind="stock_counted",
    parties={
        "GM": ("owner", 0), "OW": ("owner", 1), "WH": ("keeper", 0), "WPA": ("keeper", 1),
    },
    references={
        "BT": ("batch", 0), "ON": ("order_number", 0), "VN": ("supplier_order", 0),
        "AAN": ("release_number", 0),
    },
    places={"18": ("warehouse", 0), "19": ("warehouse", 1), "14": ("location", 0)},
    dates=_SHELF_LIFE,
    items=ITEMS,
    quantities={"145": "stock", "17": "stock", "156": "moved"},
)  # fmt: skip

RECOMMENDATIONS: Final[Mapping[tuple[str, str], Codes]] = {
    ("vda-4984", "DELFOR"): replace(
        CALL_OFF,
        quantities={
            **{k: v for k, v in CALL_OFF.quantities.items() if k not in {"1", "21"}},
            "12": "last_receipt",
        },
    ),
    ("vda-4987", "DESADV"): replace(
        DESPATCH, references={**DESPATCH.references, "SI": ("shipment", 5)}
    ),
    ("vda-4990", "INVRPT"): replace(STOCK, quantities={"145": "stock", "156": "moved"}),
}
"""The GLOBAL recommendations use a subset of the standard: other codes are reported."""

STANDARD: Final[Mapping[str, Codes]] = {
    "DELFOR": CALL_OFF, "DELJIT": CALL_OFF, "DESADV": DESPATCH, "RECADV": RECEIPT, "INVRPT": STOCK,
}  # fmt: skip

COMMITMENTS: Final[Mapping[str, Commitment]] = {
    "1": "firm", "2": "planning", "3": "planning", "4": "forecast", "5": "backlog",
    "10": "immediate", "12": "planning",
}  # fmt: skip
"""SCC 4017. 2 and 3 release only production and material: they call off no delivery."""

DUE: Final[Mapping[str, tuple[str, str]]] = {
    "2": ("delivery", ""), "10": ("ship", ""), "17": ("delivery", ""), "69": ("delivery", ""),
    "67": ("delivery", ""), "76": ("delivery", ""), "11": ("ship", ""),
    "64": ("delivery", "from"), "63": ("delivery", "until"), "37": ("ship", "from"),
    "38": ("ship", "until"), "194": ("", "from"), "206": ("", "until"),
}  # fmt: skip
"""DTM 2005 of a schedule's entry: what is due, and whether it is only one end of a window."""


def codes_for(message: str, partner: Partner) -> Codes:
    """Return the tables of a message type with the changes of this partner."""
    base = RECOMMENDATIONS.get((partner.form, message), STANDARD[message])
    qualifiers = partner.qualifiers
    merged = {
        name: {**getattr(base, name), **{code: (to, -1) for code, to in changed.items()}}
        for name, changed in (
            ("references", qualifiers.references), ("parties", qualifiers.parties),
            ("places", qualifiers.places), ("dates", qualifiers.dates),
        )
    }  # fmt: skip
    return replace(
        base,
        references=merged["references"],
        parties=merged["parties"],
        places=merged["places"],
        dates=merged["dates"],
        items={**base.items, **qualifiers.items},
        quantities={**base.quantities, **qualifiers.quantities},
        labels=base.labels | set(qualifiers.labels),
    )
