"""People, inspected parts, material and capacity: KPIs 1, 15, 25 to 30 after ISO 22400-2."""

from werknetz.kpi.definition import Trend, Undefined, Value, kpi, ratio
from werknetz.kpi.facts.elements import EquipmentElements

_MANAGEMENT = ("supervisor", "management")
_CONSUMED = ("cm", "consumptions", "consumed_units")


@kpi(
    number=1,
    formula="APWT / APAT",
    inputs=("apwt_s", "apat_s", "attendances"),
    trend=Trend.UP,
    audience=_MANAGEMENT,
)
def worker_efficiency(e: EquipmentElements) -> Value:
    """Share of the attendance of people in which they worked on orders."""
    if not e.attendances:
        return Undefined("nobody records attendance")
    return ratio(e.apwt_s, e.apat_s, "the records have no attendance time")


@kpi(number=15, formula="GP / IP", inputs=("gp", "ip"), trend=Trend.UP)
def first_pass_yield(e: EquipmentElements) -> Value:
    """Share of the parts with a serial number that were good at their first inspection."""
    return ratio(e.gp, e.ip, "no part with a serial number was inspected for the first time")


@kpi(
    number=25,
    formula="GQ / CM",
    inputs=("gq", "gq_known_s", *_CONSUMED),
    trend=Trend.UP,
    upper=None,
    audience=_MANAGEMENT,
)
def finished_goods_ratio(e: EquipmentElements) -> Value:
    """Good parts against the material that was consumed, in its base unit."""
    if not e.gq_known_s:
        return Undefined("nobody reports good parts")
    return _of_consumed(e, e.gq)


@kpi(
    number=26,
    formula="IGQ / CM",
    inputs=("igq", "igq_entries", *_CONSUMED),
    trend=Trend.UP,
    upper=None,
    audience=_MANAGEMENT,
)
def integrated_goods_ratio(e: EquipmentElements) -> Value:
    """Integrated good quantity, entered in the unit of the material, against what was consumed."""
    if not e.igq_entries:
        return Undefined("nobody enters integrated good quantities")
    return _of_consumed(e, e.igq)


@kpi(
    number=27,
    formula="PL / CM",
    inputs=("pl", "pl_entries", *_CONSUMED),
    trend=Trend.DOWN,
    audience=_MANAGEMENT,
)
def production_loss_ratio(e: EquipmentElements) -> Value:
    """Share of the consumed material that production lost."""
    return _of_consumed(e, e.pl) if e.pl_entries else Undefined("nobody enters production losses")


@kpi(
    number=28,
    formula="STL / CM",
    inputs=("stl", "stl_entries", *_CONSUMED),
    trend=Trend.DOWN,
    audience=_MANAGEMENT,
)
def storage_and_transportation_loss_ratio(e: EquipmentElements) -> Value:
    """Share of the consumed material that storage and transportation lost."""
    if not e.stl_entries:
        return Undefined("nobody enters losses of storage and transportation")
    return _of_consumed(e, e.stl)


@kpi(
    number=29,
    formula="OL / CM",
    inputs=("ol", "ol_entries", *_CONSUMED),
    trend=Trend.DOWN,
    audience=_MANAGEMENT,
)
def other_loss_ratio(e: EquipmentElements) -> Value:
    """Share of the consumed material that was lost otherwise."""
    return _of_consumed(e, e.ol) if e.ol_entries else Undefined("nobody enters other losses")


@kpi(
    number=30,
    formula="PQ / EPC",
    inputs=("epc_pq", "epc", "epc_known_s"),
    trend=Trend.UP,
    upper=None,
    audience=_MANAGEMENT,
)
def equipment_load_ratio(e: EquipmentElements) -> Value:
    """Produced parts against what the equipment could produce in its planned operation time."""
    if not e.epc_known_s:
        return Undefined("no equipment production capacity is known for the planned time")
    return ratio(e.epc_pq, e.epc, "the equipment production capacity is 0")


def _of_consumed(e: EquipmentElements, quantity: float) -> Value:
    """Return a quantity as a share of the consumed material."""
    if not e.consumptions:
        return Undefined("no consumption of material is reported")
    if e.consumed_units > 1:
        return Undefined("the consumed materials have different units, or none")
    return ratio(quantity, e.cm, "the consumed quantity is 0")
