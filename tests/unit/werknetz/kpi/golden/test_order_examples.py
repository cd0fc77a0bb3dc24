"""Published worked examples of KPIs 2, 3 and 18 give the published values of an order.

Each is entered as the runs of an order at its machines. Process time is busy time (AUBT); the time
from the first to the last operation, with transport and queues, is order execution time (AOET).
"""

from dataclasses import dataclass
from typing import Final

import pytest

from werknetz.kpi.catalogue import CATALOGUE
from werknetz.kpi.elements import Elements
from werknetz.kpi.orders.routing import MachineRun, order_elements_of

HOUR_US: Final = 3_600_000_000
HOUR_S: Final = 3600.0
DAY: Final = 24.0  # hours


@dataclass(frozen=True)
class Step:
    """An operation: hours of its start and end, how long it worked, and what it made."""

    start: float
    end: float
    busy: float
    produced: float = 0.0
    scrap: float = 0.0


@dataclass(frozen=True)
class OrderExample:
    name: str
    source: str
    kpi: str
    published: float
    steps: tuple[Step, ...]
    digits: int = 4  # decimals that the source prints


_COSTS: Final = "https://costcalculator.calculator.city/throughput-rate-calculator"
_SUPPLY_CHAIN: Final = "https://10minforsupplychain.com/throughput-rate/"
EXAMPLES: Final = (
    OrderExample(
        "10 days of processing in a cycle of 16 days",
        "https://accountingverse.com/managerial-accounting/responsibility-accounting/"
        "manufacturing-cycle-efficiency.html",
        "allocation_ratio", 0.6250, (Step(0, 16 * DAY, 10 * DAY),),
    ),
    OrderExample(
        "2.8 days of processing, 4.0 of queues, 1.2 of inspection and moves",
        "https://www.scribd.com/document/646498388/1-Exercise-11-3",
        "allocation_ratio", 0.35, (Step(0, 8 * DAY, 2.8 * DAY),), digits=2,
    ),
    OrderExample(
        "the same without queues",
        "https://www.scribd.com/document/646498388/1-Exercise-11-3",
        "allocation_ratio", 0.70, (Step(0, 4 * DAY, 2.8 * DAY),), digits=2,
    ),
    OrderExample(
        "3 hours of work in a cycle of 24 hours",
        "http://managerial-accounting.blogspot.com/2013/10/"
        "how-to-calculate-manufacturing-cycle.html",
        "allocation_ratio", 0.125, (Step(0, 1, 1), Step(22, 24, 2)), digits=3,
    ),
    OrderExample(
        "1,000 smartphones in 8 hours", _SUPPLY_CHAIN,
        "throughput_rate", 125.0, (Step(0, 8, 8, 1000),), digits=1,
    ),
    OrderExample(
        "12,000 bottles in 8 hours", _COSTS,
        "throughput_rate", 1500.0, (Step(0, 8, 8, 12_000),), digits=1,
    ),
    OrderExample(
        "150 units in 480 minutes",
        "https://www.calcbee.com/calculators/manufacturing/capacity/throughput-rate",
        "throughput_rate", 18.75, (Step(0, 4, 4, 160, 10), Step(4, 8, 4, 150)), digits=2,
    ),
    OrderExample(
        "three operations with a yield of 90 % each",
        "https://docs.infor.com/ln/2023.x/en-us/lnolh/tiolh/tiom000019.html",
        "fall_off_ratio", 1 - 0.729,
        (Step(0, 1, 1, 1000, 100), Step(1, 2, 1, 900, 90), Step(2, 3, 1, 810, 81)),
    ),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_orders(example: OrderExample) -> None:
    runs, machines = [], {}
    for number, step in enumerate(example.steps, start=1):
        start_us, end_us = round(step.start * HOUR_US), round(step.end * HOUR_US)
        runs.append(MachineRun(number, start_us, end_us, (str(10 * number),)))
        busy_s, time_s = step.busy * HOUR_S, (step.end - step.start) * HOUR_S
        machines[number] = Elements(
            pbt_s=time_s, apt_s=busy_s, adot_s=time_s - busy_s, aoet_s=time_s, pq=step.produced,
            gq=step.produced - step.scrap, sq=step.scrap, pq_known_s=time_s, gq_known_s=time_s,
            sq_known_s=time_s, quality_known_s=time_s,
        )  # fmt: skip
    whole = (0, max(run.end_us for run in runs))
    value, reason = CATALOGUE[example.kpi].compute(order_elements_of(runs, machines, whole))
    assert value is not None, reason
    if example.kpi == "throughput_rate":
        value *= HOUR_S  # the sources state items an hour
    assert value == pytest.approx(example.published, abs=0.51 * 10**-example.digits)
