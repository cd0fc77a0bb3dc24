"""Worked examples that others published, as data: what they state and where.

The numbers are theirs, with as many digits as they print. Where an example states no seconds, its
times are scaled: ratios do not change.
"""

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True)
class Run:
    """A product: planned seconds per item, what was produced, and what of it was good."""

    item_s: float
    produced: float
    good: float


@dataclass(frozen=True)
class Shift:
    """A shift of one machine. Minutes; what is not run time is a stop with an order."""

    planned: float  # planned busy time
    running: float
    runs: tuple[Run, ...]
    breaks: float = 0  # of the shift, beside the planned busy time
    off_shift: float = 0


@dataclass(frozen=True)
class Example:
    name: str
    source: str
    kpis: dict[str, float]
    shift: Shift | None = None
    elements: dict[str, float] = field(default_factory=dict)  # where no timeline is stated
    digits: int = 3  # decimals that the source prints


_COACH: Final = "https://oee.coach/faq/calculation-example-"
_CALCS: Final = "https://www.mfgcalcs.com/calculators/"
_VORNE: Final = "https://www.oee.com/calculating-oee/"
_INTENSITY: Final = f"{_CALCS}energy-carbon-sustainability/energy-intensity/examples/"
HOUR: Final = 3600.0


def _energy(kwh: float, items: float) -> dict[str, float]:
    return {
        "energy_known_s": HOUR, "pq_known_s": HOUR,
        "energy_of_pq_kwh": kwh, "energy_kwh": kwh, "energy_pq": items,
    }  # fmt: skip


EXAMPLES: Final = (
    Example(
        "shift of 480 minutes, 400 parts of a minute",
        "https://waycalculator.com/tool/Overall-Equipment-Effectiveness-OEE-Calculator.php",
        {"availability": 0.875, "effectiveness": 0.952, "quality_ratio": 0.95, "oee": 0.791},
        Shift(480, 420, (Run(60, 400, 380),)),
    ),
    Example(
        "19,271 widgets at one second in 373 of 420 minutes", _VORNE,
        {"availability": 0.8881, "effectiveness": 0.8611, "quality_ratio": 0.9780, "oee": 0.7479},
        Shift(420, 373, (Run(1, 19_271, 18_848),), breaks=60), digits=4,
    ),
    Example(
        "19,690 pieces at 1.3 seconds in 433 of 480 minutes",
        "https://blog.infraspeak.com/oee-teep-ooe/",
        {"availability": 0.902, "effectiveness": 0.985, "quality_ratio": 0.979},
        Shift(480, 433, (Run(1.3, 19_690, 19_270),)),
    ),
    Example(
        "9,000 saleable bottles where 28,800 were possible",
        "https://esotech.org/po0vxs/49514e-equipment-availability-calculation",
        {"oee": 0.3125}, Shift(480, 480, (Run(1, 9_000, 9_000),)), digits=4,
    ),
    Example(
        "losses of 130, 50 and 45 minutes of 930",
        "https://www.scribd.com/presentation/749458904/OEE-Calculation-Example-En",
        {"availability": 0.860, "effectiveness": 0.938, "quality_ratio": 0.940, "oee": 0.758},
        Shift(930, 800, (Run(60, 750, 705),)),
    ),
    Example(
        "factors of 0.90, 0.989 and 0.945",
        "http://landscape-bydesign.com/67128jlw/equipment-availability-formula-009754",
        {"availability": 0.9, "effectiveness": 0.989, "quality_ratio": 0.945, "oee": 0.841},
        Shift(1000, 900, (Run(60, 890.1, 890.1 * 0.945),)),
    ),
    Example(
        "three shifts of eight hours on five days, without any loss",
        "https://elsmar.com/elsmarqualityforum/threads/oee-overall-equipment-efficiency-and-downtime.32562/page-2",
        {"oee": 1.0, "teep": 0.714},
        Shift(7200, 7200, (Run(60, 7200, 7200),), off_shift=2880),
    ),
    Example(
        "14,400 parts at 1 s, then 100 at 144 s that are scrap",
        "docs/explanation/kpi-time-model.md",
        {"oee": 0.5, "availability": 1.0, "effectiveness": 1.0, "quality_ratio": 0.9931},
        Shift(480, 480, (Run(1, 14_400, 14_400), Run(144, 100, 0))), digits=4,
    ),
    Example(
        "110 of 500 minutes", f"{_COACH}17/", {"availability": 0.22},
        Shift(500, 110, (Run(60, 50, 45),)), digits=2,
    ),
    Example(
        "output 1 of 4, with rework and scrap", f"{_COACH}20/",
        {"quality_ratio": 0.8823, "effectiveness": 0.51},
        Shift(100, 100, (Run(6000 / 100_000, 51_000, 45_000),)), digits=2,
    ),
    Example(
        "output 2 of 4", f"{_COACH}20/", {"quality_ratio": 0.8837, "effectiveness": 0.43},
        Shift(100, 100, (Run(60, 43, 38),)), digits=4,
    ),
    Example(
        "output 3 of 4", f"{_COACH}20/", {"quality_ratio": 0.891, "effectiveness": 0.505},
        Shift(10, 10, (Run(600 / 10_000, 5_050, 4_500),)), digits=3,
    ),
    Example(
        "output 4 of 4", f"{_COACH}20/", {"quality_ratio": 0.5714, "effectiveness": 0.70},
        Shift(10, 10, (Run(60, 7, 4),)), digits=4,
    ),
    Example(
        "output 3, with 400 rejects", f"{_COACH}17/", {"quality_ratio": 0.918},
        Shift(10, 10, (Run(600 / 10_000, 4_900, 4_500),)),
    ),
    Example(
        "output 4, with one reject", f"{_COACH}17/", {"quality_ratio": 0.833},
        Shift(10, 10, (Run(60, 6, 5),)),
    ),
    Example(
        "output 1, with 5,000 rejects", f"{_COACH}17/", {"quality_ratio": 0.9},
        Shift(100, 100, (Run(6000 / 100_000, 50_000, 45_000),)), digits=2,
    ),
    Example(
        "printing, laminating, cutting: first step",
        "https://support.minitab.com/en-us/minitab/help-and-how-to/quality-and-process-improvement/six-sigma/supporting-concepts/what-are-throughput-yield-ytp-and-rolled-throughput-yield-yrt/",
        {"first_pass_yield": 0.95}, elements={"ip": 1000, "gp": 950}, digits=2,
    ),
    Example(
        "printing, laminating, cutting: second step",
        "https://support.minitab.com/en-us/minitab/help-and-how-to/quality-and-process-improvement/six-sigma/supporting-concepts/what-are-throughput-yield-ytp-and-rolled-throughput-yield-yrt/",
        {"first_pass_yield": 0.84}, elements={"ip": 950, "gp": 800}, digits=2,
    ),
    Example(
        "1,090 of 3,000 units passed first time",
        f"{_CALCS}quality-inspection-metrology/first-pass-yield/examples/high-total-units",
        {"first_pass_yield": 0.3633}, elements={"ip": 3000, "gp": 1090}, digits=4,
    ),
    Example(
        "scrap and rework of 5,000 units",
        f"{_CALCS}quality-inspection-metrology/yield/examples/high-input-units-started",
        {"scrap_ratio": 0.0116, "rework_ratio": 0.0068},
        elements={
            "quality_known_s": HOUR, "quality_pq": 5000, "quality_sq": 58, "quality_gq": 4942,
            "rework_known_s": HOUR, "rework_pq": 5000, "rework_rq": 34, "pq_known_s": HOUR,
        },
        digits=4,
    ),
    Example(
        "20,000 hours with five failures", "https://www.ibm.com/think/topics/asset-reliability",
        {"mtbf": 4_000 * HOUR}, elements={"apt_s": 20_000 * HOUR, "fe": 5}, digits=0,
    ),
    Example(
        "ten failures with 20 hours of repair", "https://www.ibm.com/think/topics/asset-reliability",
        {"mttr": 2 * HOUR}, elements={"ttr_s": 20 * HOUR, "fe": 10}, digits=0,
    ),
    Example(
        "an air handling unit: 3,600 hours with twelve failures",
        "https://abbaperu.com/p97q1/how-to-calculate-mtbf-of-a-system-based-on-subcomponents-0800f8",
        {"mttf": 300 * HOUR}, elements={"apt_s": 3_600 * HOUR, "fe": 12}, digits=0,
    ),
    Example(
        "900 hours between failures, 100 hours of repair",
        "http://kendallscapes.com/kp86c/how-is-a-system-level-mean-time-to-repair-calculated-fb2061",
        {"technical_efficiency": 0.9}, elements={"apt_s": 900 * HOUR, "adet_s": 100 * HOUR},
        digits=2,
    ),
    Example(
        "6,125,000 kWh for 610,000 units", f"{_INTENSITY}high-total-energy-consumed-in-the",
        {"comprehensive_energy_consumption": 10.04}, elements=_energy(6_125_000, 610_000), digits=2,
    ),
    Example(
        "2,450,000 kWh for 610,000 units", f"{_INTENSITY}high-total-energy-consumed-in-the",
        {"comprehensive_energy_consumption": 4.02}, elements=_energy(2_450_000, 610_000), digits=2,
    ),
    Example(
        "1,800 GJ for 10,000 units",
        "https://online-tools-environmental.pages.dev/energy-intensity",
        {"comprehensive_energy_consumption": 50}, elements=_energy(1_800 / 0.0036, 10_000),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class CapabilityExample:
    """A process by its limits, mean and deviation; or by the mean range of its subgroups."""

    name: str
    source: str
    lower: float
    upper: float
    mean: float
    kpis: dict[str, float]
    sigma: float | None = None
    mean_range: float | None = None
    digits: int = 2


CAPABILITY: Final = (
    CapabilityExample(
        "a coating with limits of 0.05 and 0.10",
        "https://www.leansixsigmadefinition.com/glossary/cp/", 0.05, 0.10, 0.075,
        {"machine_capability": 0.83}, sigma=0.01,
    ),
    CapabilityExample(
        "bottles of 16 ounces that are filled with 15.9",
        "https://www.scribd.com/document/566886459/control-charts-compress", 15.8, 16.2, 15.9,
        {"critical_machine_capability": 0.33}, sigma=0.1,
    ),
    CapabilityExample(
        "subgroups of five with a mean range of 5.08",
        "https://woyaojiankangwang.com/Medicalequipment/nwlbtwmvku.html", 45, 55, 50.12,
        {"process_capability": 0.7631, "critical_process_capability": 0.7448}, mean_range=5.08,
        digits=3,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class PartnerExample:
    """KPIs of suppliers and warehouses, over their elements."""

    name: str
    source: str
    subject: str
    elements: dict[str, float]
    kpis: dict[str, float]
    digits: int = 2


_DAY: Final = 86_400.0
_TURNS: Final = (
    "https://bestftxrpswdxj.netlify.app/champ37987wexo/average-stock-turnover-days-60.html"
)
PARTNERS: Final = (
    PartnerExample(
        "1,080 of 1,200 orders on time and in full",
        "https://www.calcsimpler.com/calculators/otif-delivery-rate", "supplier",
        {"lines_due": 1200, "lines_otif": 1080}, {"otif": 0.90},
    ),
    PartnerExample(
        "440 of 450 orders on time and in full",
        "https://www.calcsimpler.com/calculators/otif-delivery-rate", "supplier",
        {"lines_due": 450, "lines_otif": 440}, {"otif": 0.9778}, digits=4,
    ),
    PartnerExample(
        "cost of 600,000 over an average stock of 120,000", _TURNS, "warehouse",
        {"outflow": 600_000, "stock_s": 120_000 * 365 * _DAY, "warehouse_s": 365 * _DAY,
         "expected_s": 365 * _DAY, "known_s": 365 * _DAY},
        {"inventory_turns": 5, "inventory_turns_per_year": 5},
    ),
    PartnerExample(
        "4.32 turns in a year of 365 days", _TURNS, "warehouse",
        {"outflow": 4.32, "stock_s": 365 * _DAY, "warehouse_s": 365 * _DAY,
         "expected_s": 365 * _DAY, "known_s": 365 * _DAY},
        {"days_of_inventory": 84.49},
    ),
)  # fmt: skip
