"""The columns of VDA 4905 (511-519) and VDA 4913 (711-719) that are read.

Later editions filled spare columns and moved none, so versions 01 to 04 share a table. Records of
other versions are not read.
"""

from typing import Final

from werknetz_edge.edi.vda.layout import Layout, create_layout, trailer_layout

_ALL: Final = "01 02 03 04"


def _date_pairs(count: int) -> list[tuple[str, int]]:
    """Return pairs of a date and the quantity due on it."""
    return [pair for n in range(1, count + 1) for pair in ((f"date{n}", 6), (f"due{n}", 9))]


CALL_OFF: Final[dict[str, Layout]] = {
    "511": create_layout(
        "511", _ALL, ("customer", 9), ("supplier", 9), ("old_transmission", 5),
        ("transmission", 5), ("date", 6), ("zero_date", 6),
    ),
    "512": create_layout(
        "512", _ALL, ("plant", 3), ("call_off", 9), ("date", 6), ("old_call_off", 9),
        ("old_date", 6), ("material", 22), ("supplier_material", 22), ("order", 12),
        ("unloading_point", 5), ("sign", 4), ("unit", 2), ("interval", 1), ("production", 1),
        ("material_release", 1), ("usage", 1), ("allocation", 7), ("store", 7),
    ),
    "513": create_layout(
        "513", _ALL, ("received", 6), ("note", 8), ("note_date", 6), ("quantity", 12, "number", 3),
        ("cumulative", 10, "number", 0),
        *_date_pairs(5),
    ),
    "514": create_layout(
        "514", _ALL,
        *_date_pairs(8),
    ),
    "515": create_layout(
        "515", _ALL, ("production_from", 6), ("production_until", 6),
        ("production_quantity", 10, "number", 0), ("material_from", 6), ("material_until", 6),
        ("material_quantity", 10, "number", 0), ("supplementary_material", 22),
        ("intermediate_supplier", 9), ("planning_until", 6), ("point_of_use", 14),
        ("cumulative_at_reset", 10, "number", 0),
    ),
    "517": create_layout(
        "517", _ALL, ("package", 22), ("supplier_package", 22), ("capacity", 7, "number", 0),
    ),
    "518": create_layout("518", _ALL, ("text1", 40), ("text2", 40), ("text3", 40)),
    "519": trailer_layout("519", "511", "512", "513", "514", "517", "518", "519", "515"),
}  # fmt: skip

DESPATCH: Final[dict[str, Layout]] = {
    "711": create_layout(
        "711", _ALL, ("customer", 9), ("supplier", 9), ("old_transmission", 5),
        ("transmission", 5), ("date", 6), ("sub_supplier", 9), ("carrier", 9),
    ),
    "712": create_layout(
        "712", _ALL, ("shipment", 8), ("plant", 3), ("carrier", 14), ("date", 6), ("time", 4),
        ("gross_weight", 7, "number", 0), ("-", 7), ("-", 2), ("-", 1), ("-", 4), ("-", 14),
        ("vehicle_kind", 2), ("vehicle", 25), ("-", 1),
        ("-", 8), ("arrival_date", 6), ("arrival_time", 4),
    ),
    "713": create_layout(
        "713", _ALL, ("note", 8), ("date", 6), ("unloading_point", 5), ("-", 2), ("-", 4),
        ("order", 12), ("process", 2), ("-", 4), ("plant", 3), ("-", 8), ("receiver", 9), ("-", 1),
        ("store", 7), ("supplier", 9), ("point_of_use", 14),
    ),
    "714": create_layout(
        "714", _ALL, ("material", 22), ("supplier_material", 22), ("-", 3),
        ("quantity", 13, "number", 3), ("unit", 2), ("quantity2", 13, "number", 3), ("unit2", 2),
        ("-", 3), ("-", 1),
        ("line", 3), ("-", 1), ("batch", 15), ("usage", 1),
    ),
    "715": create_layout(
        "715", _ALL, ("package", 22), ("supplier_package", 22), ("count", 13, "number", 0),
        ("line", 3), ("capacity", 13), ("label_from", 9), ("label_to", 9), ("-", 12), ("-", 1),
        ("-", 15), ("label_kind", 1),
    ),
    "716": create_layout("716", _ALL, ("text1", 40), ("text2", 40), ("text3", 40)),
    "717": create_layout("717", _ALL, ("text", 40)),
    "718": create_layout("718", _ALL, ("note", 8)),
    "719": trailer_layout("719", "711", "712", "713", "714", "715", "716", "718", "719", "717"),
}  # fmt: skip


TEXTS: Final = ("text1", "text2", "text3")
VEHICLES: Final = {"01": "road", "08": "rail", "10": "air", "11": "sea"}
"""Keys of 712 whose number is that of a vehicle: licence plate, waggon, flight, ship. Others number
papers and parcels."""

IGNORED: Final = {
    "717": "single packages: no field",
    "718": "production numbers of the delivery note: no field",
}
"""Records that are ignored by a rule."""


def pair_numbers(record: str) -> range:
    """Return the numbers of the pairs of date and quantity in a record."""
    return range(1, 6 if record == "513" else 9)
