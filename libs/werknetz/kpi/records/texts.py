"""Names in two languages, effect models and notes of the KPIs of the catalogue.

The effect model of ISO 22400-2 is a diagram of what moves a KPI; here it is a line of text. The
notes are our own words, after ISO 22400-2.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class RecordText(NamedTuple):
    name_de: str
    name_en: str
    effect_model: str
    notes: str = ""


_STRICT: Final = "Over the time of known states; `strict_value` counts unknown time as a loss."
_SIGMA: Final = "The deviation within subgroups of five consecutive measurements."
_ENTERED: Final = "The loss is entered by people, in the base unit of the consumed material."

TEXTS: Final[Mapping[str, RecordText]] = {
    "worker_efficiency": RecordText(
        "Mitarbeiterproduktivität", "Worker efficiency",
        "waiting, walking and training → APWT → worker efficiency",
        "The work time of a person who runs several machines is split between them.",
    ),
    "allocation_ratio": RecordText(
        "Belegungsgrad", "Allocation ratio",
        "transport, queues and waiting between operations → AOET → allocation ratio",
        "Of an order; above 1 where several machines work on it at once.",
    ),
    "throughput_rate": RecordText(
        "Durchsatz", "Throughput rate",
        "availability, effectiveness and transport → AOET → throughput rate",
        "Of an order.",
    ),
    "allocation_efficiency": RecordText(
        "Nutzgrad", "Allocation efficiency",
        "missing orders, material and people → ADOT → allocation efficiency", _STRICT,
    ),
    "utilization_efficiency": RecordText(
        "Nutzungseffizienz", "Utilization efficiency",
        "set-up and stops with an order → AUST, ADET → utilization efficiency",
    ),
    "oee": RecordText(
        "OEE-Index", "OEE index", "availability, effectiveness, quality ratio → OEE index",
        "Of a mix or a group item by item, never by factors that are averaged. " + _STRICT,
    ),
    "nee": RecordText(
        "NEE-Index", "NEE index", "AUPT / PBT, effectiveness, quality ratio → NEE index",
        "Set-up is not a loss. " + _STRICT,
    ),
    "availability": RecordText(
        "Verfügbarkeit", "Availability",
        "malfunctions, set-up, supply → ADET, AUST, ADOT → availability → OEE index",
        "Set-up within planned busy time is a loss. " + _STRICT,
    ),
    "effectiveness": RecordText(
        "Effektivität", "Effectiveness",
        "reduced speed, minor stops that no state shows → APT → effectiveness → OEE index",
        "Never cut at 1: above it the planned run times are too easy, or a counter is wrong.",
    ),
    "quality_ratio": RecordText(
        "Qualitätsrate", "Quality ratio", "scrap, rework → GQ → quality ratio → OEE index",
        "By count; `earned_quality_ratio` weighs items by their planned run time.",
    ),
    "setup_ratio": RecordText(
        "Rüstgrad", "Set-up ratio", "lot size, tool change → AUST → set-up ratio",
    ),
    "technical_efficiency": RecordText(
        "Technischer Nutzgrad", "Technical efficiency",
        "malfunctions and minor stops → ADET → technical efficiency",
    ),
    "production_process_ratio": RecordText(
        "Prozessgrad", "Production process ratio",
        "set-up, stops, queues and transport → AOET → production process ratio", _STRICT,
    ),
    "actual_to_planned_scrap_ratio": RecordText(
        "Ausschussabweichung", "Actual to planned scrap ratio",
        "process and material → SQ → actual to planned scrap ratio",
        "No value where no scrap is planned.",
    ),
    "first_pass_yield": RecordText(
        "First Pass Yield", "First pass yield",
        "process capability → GP → first pass yield",
        "Of parts with a serial number, by their first inspection.",
    ),
    "scrap_ratio": RecordText(
        "Ausschussgrad", "Scrap ratio", "process and material → SQ → scrap ratio",
        "Where only two of produced, good and scrap are counted, the third follows from them.",
    ),
    "rework_ratio": RecordText(
        "Nacharbeitsquote", "Rework ratio", "process and material → RQ → rework ratio",
    ),
    "fall_off_ratio": RecordText(
        "Fall-off-Rate", "Fall-off ratio", "raw material, first operation → SQ → fall-off ratio",
        "Of the first operation of an order.",
    ),
    "machine_capability": RecordText(
        "Maschinenfähigkeitsindex Cm", "Machine capability index Cm",
        "variation of the machine → s → Cm", "A short-time sample under equal conditions.",
    ),
    "critical_machine_capability": RecordText(
        "Kritischer Maschinenfähigkeitsindex Cmk", "Critical machine capability index Cmk",
        "setting and variation of the machine → mean, s → Cmk",
    ),
    "process_capability": RecordText(
        "Prozessfähigkeitsindex Cp", "Process capability index Cp",
        "variation of the process → sigma → Cp", _SIGMA,
    ),
    "critical_process_capability": RecordText(
        "Kritischer Prozessfähigkeitsindex Cpk", "Critical process capability index Cpk",
        "setting and variation of the process → mean, sigma → Cpk", _SIGMA,
    ),
    "comprehensive_energy_consumption": RecordText(
        "Gesamtenergieverbrauch", "Comprehensive energy consumption",
        "stand-by, idle running, reduced speed → E → comprehensive energy consumption",
        "Each energy carrier is converted with its factor.",
    ),
    "co2_per_item": RecordText(
        "CO2 je Stück", "CO2 per item", "energy consumption, energy carriers → CO2 per item",
        "Each energy carrier is converted with its factor.",
    ),
    "inventory_turns": RecordText(
        "Lagerumschlag", "Inventory turns", "stock level, outflow → inventory turns",
        "ISO 22400-2 does not define the inventory: here, the purchased parts of one warehouse.",
    ),
    "finished_goods_ratio": RecordText(
        "Fertigwarenquote", "Finished goods ratio",
        "scrap and losses of material → GQ, CM → finished goods ratio",
    ),
    "integrated_goods_ratio": RecordText(
        "Integrierte Warenquote", "Integrated goods ratio",
        "use of by-products → IGQ → integrated goods ratio",
        "The integrated good quantity is entered by people.",
    ),
    "production_loss_ratio": RecordText(
        "Produktionsverlustquote", "Production loss ratio",
        "process → PL → production loss ratio", _ENTERED,
    ),
    "storage_and_transportation_loss_ratio": RecordText(
        "Lager- und Transportverlustquote", "Storage and transportation loss ratio",
        "storage and transport → STL → storage and transportation loss ratio", _ENTERED,
    ),
    "other_loss_ratio": RecordText(
        "Quote sonstiger Verluste", "Other loss ratio", "other causes → OL → other loss ratio",
        _ENTERED,
    ),
    "equipment_load_ratio": RecordText(
        "Anlagenauslastung", "Equipment load ratio", "orders → PQ → equipment load ratio",
    ),
    "mtbf": RecordText(
        "Mittlere Betriebszeit zwischen Ausfällen", "Mean operating time between failures",
        "wear and maintenance → FE, TBF → MTBF", "The divisor FE + 1 or FE is an option.",
    ),
    "mttf": RecordText(
        "Mittlere Betriebszeit bis zum Ausfall", "Mean time to failure",
        "wear and preventive maintenance → FE, TTF → MTTF",
        "The divisor FE + 1 or FE is an option.",
    ),
    "mttr": RecordText(
        "Mittlere Reparaturzeit", "Mean time to restoration",
        "spare parts, people, diagnosis → TTR → MTTR", "The divisor FE + 1 or FE is an option.",
    ),
    "corrective_maintenance_ratio": RecordText(
        "Anteil korrektiver Instandhaltung", "Corrective maintenance ratio",
        "preventive maintenance → CMT, PMT → corrective maintenance ratio",
        "Much preventive maintenance flatters it.",
    ),
    "earned_quality_ratio": RecordText(
        "Zeitgewichtete Qualitätsrate", "Earned quality ratio",
        "scrap of items with a long run time → Σ(PRI × GQ) → earned quality ratio → OEE index",
    ),
    "oee_classic": RecordText(
        "Klassische OEE", "Classic OEE", "availability, performance, quality → OEE",
        "Run over planned, ideal over run, good over total.",
    ),
    "ooe": RecordText(
        "OOE", "Overall operations effectiveness", "OEE index, planned down time → OOE",
    ),
    "teep": RecordText(
        "TEEP", "Total effective equipment performance", "OEE index, shifts → TEEP",
    ),
    "asn_accuracy": RecordText(
        "Genauigkeit der Lieferavise", "ASN accuracy", "advices that are wrong → ASN accuracy",
    ),
    "asn_lead": RecordText(
        "Vorlauf der Lieferavise", "ASN lead", "advices that come late → ASN lead",
    ),
    "asn_presence": RecordText(
        "Vorhandene Lieferavise", "ASN presence", "advices that are missing → ASN presence",
    ),
    "call_off_stability": RecordText(
        "Abrufstabilität", "Call-off stability",
        "changes of the plan in the frozen zone → call-off stability",
    ),
    "days_of_inventory": RecordText(
        "Lagerreichweite", "Days of inventory", "stock level, outflow → days of inventory",
    ),
    "delay_severity": RecordText(
        "Schwere der Verspätung", "Delay severity", "late lines and quantities → delay severity",
    ),
    "fill_rate": RecordText(
        "Liefererfüllungsgrad", "Fill rate", "short and late deliveries → fill rate",
    ),
    "in_full": RecordText(
        "Vollständig geliefert", "In full", "short deliveries → in full → OTIF",
    ),
    "inventory_turns_per_year": RecordText(
        "Lagerumschlag pro Jahr", "Inventory turns per year",
        "stock level, outflow → inventory turns per year",
    ),
    "on_time_delivery": RecordText(
        "Liefertermintreue", "On-time delivery", "late and early deliveries → on time → OTIF",
    ),
    "otif": RecordText(
        "OTIF", "On time in full", "on time, in full → OTIF", "By line; the policy is stated.",
    ),
    "otif_orders": RecordText(
        "OTIF nach Bestellungen", "On time in full by orders", "OTIF of all lines → OTIF orders",
    ),
    "over_delivery": RecordText(
        "Überlieferung", "Over-delivery", "lot sizes, packaging → over-delivery",
    ),
    "rejection_ratio": RecordText(
        "Rückweisungsquote", "Rejection ratio", "quality of deliveries → rejection ratio",
    ),
    "stock_out_duration": RecordText(
        "Dauer der Fehlbestände", "Stock-out duration", "replenishment → stock-out duration",
    ),
    "stock_out_ratio": RecordText(
        "Fehlbestandsquote", "Stock-out ratio", "replenishment, demand → stock-out ratio",
    ),
    "stock_outs": RecordText(
        "Fehlbestände", "Stock-outs", "replenishment, demand → stock-outs",
    ),
}  # fmt: skip
