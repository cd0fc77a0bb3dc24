"""Elements of what is known equal a count of seconds and items, one by one, of random histories.

It shares no code with what it checks: every instant is a whole second.
"""

import random
from dataclasses import asdict, dataclass, field
from typing import Final

import numpy as np
import pytest

from plumbing.kpi_cases import T0
from werknetz.domain.bucket import BUCKET_US
from werknetz.domain.role import Role
from werknetz.domain.state import MachineState as S
from werknetz.kpi.carry import Carry
from werknetz.kpi.elements import ELEMENT_NAMES, Elements
from werknetz.kpi.plan import PlannedTime, Spans
from werknetz.kpi.series import CountSeries, MachineSamples, Series
from werknetz.kpi.states import BucketRange, ComputedBuckets, compute_buckets

SECOND: Final = 1_000_000
BUCKETS: Final = 3
LAST: Final = BUCKETS * 900
ROLES: Final = {"T": Role.TOTAL_COUNT, "G": Role.GOOD_COUNT, "S": Role.SCRAP_COUNT,
                "R": Role.REWORK_COUNT}  # fmt: skip
STATES: Final = (S.PRODUCING, S.PRODUCING, S.SETUP, S.IDLE, S.UNKNOWN, S.MALFUNCTION,
                 S.MAINTENANCE)  # fmt: skip


@dataclass
class History:
    states: dict[int, S]
    orders: dict[int, str] | None
    run_times: dict[int, float]
    counts: dict[str, dict[int, int]]  # single increments
    gaps: list[tuple[int, int]]
    shift: tuple[int, int]
    pause: tuple[int, int]
    calendar_from: int
    sums: list[dict[str, float]] = field(default_factory=list)


def history_of(seed: int) -> History:
    rng = random.Random(seed)

    def instants(count: int) -> list[int]:
        return sorted(rng.sample(range(LAST), count))

    a, b, c, d = instants(4)
    first, last = instants(2)
    states = {at: rng.choice(STATES) for at in instants(rng.randint(1, 12))}
    # Some items are finished at the very instant at which a state begins.
    borders = [*states, first, last]
    return History(
        states,
        {at: rng.choice(["A", "B", ""]) for at in instants(5)} if rng.random() < 0.7 else None,
        {at: rng.choice([0.0, 2.0, 3.0]) for at in instants(rng.randint(0, 5))},
        {
            role: {
                at: rng.choice([0, 1, 1, 2, 7])
                for at in sorted({*instants(rng.randint(0, 30)), *rng.sample(borders, 2)})
            }
            for role in ROLES
            if rng.random() < 0.6
        },
        [(first, last)] if rng.random() < 0.5 else [],
        (a, d),
        (b, c),
        rng.choice([0, rng.randrange(LAST)]),
    )


def samples_of(history: History) -> MachineSamples:
    def us(at: int) -> int:
        return T0 + at * SECOND

    def series(points: dict[int, float]) -> Series:
        return Series.of([us(at) for at in points], [float(value) for value in points.values()])

    orders = history.orders
    return MachineSamples(
        series({at: float(state) for at, state in history.states.items()}),
        None if orders is None else Series.of(
            [us(at) for at in orders], [None] * len(orders), text=list(orders.values())
        ),
        series(history.run_times),
        tuple(
            CountSeries(number, ROLES[role], series(dict(points)), kind="increment", max_speed=1e9)
            for number, (role, points) in enumerate(history.counts.items())
        ),
        tuple((us(a), us(b)) for a, b in history.gaps),
    )  # fmt: skip


class Oracle:
    """Looks at one second or one increment at a time."""

    def __init__(self, history: History) -> None:
        self.h = history
        self.categories = [self.category(t) for t in range(LAST)]

    def latest(self, points: dict[int, object], at: int, otherwise: object) -> object:
        before = [n for n in points if n <= at]
        return points[max(before)] if before else otherwise

    def has_order(self, at: int) -> bool:
        return self.h.orders is None or bool(self.latest(dict(self.h.orders), at, ""))

    def category(self, at: int) -> str:
        state = self.latest(dict(self.h.states), at, S.UNKNOWN)
        if any(a <= at < b for a, b in self.h.gaps):
            state = S.UNKNOWN
        if not self.h.shift[0] <= at < self.h.shift[1]:
            return "off"
        if self.h.pause[0] <= at < self.h.pause[1] or state is S.MAINTENANCE:
            return "pdot"
        if state is S.UNKNOWN:
            return "unknown"
        if not self.has_order(at):
            return "adot"
        return {S.PRODUCING: "apt", S.SETUP: "aust"}.get(state, "adet")  # type: ignore[call-overload, no-any-return] # a state

    def reports(self, role: str, at: int) -> bool:
        return any(max(n - 1, 0) // 900 * 900 <= at for n in self.h.counts.get(role, {}))

    def run_time(self, at: int) -> float:
        return float(self.latest(dict(self.h.run_times), at, 0.0))  # type: ignore[arg-type] # a number

    def facts_at(self, at: int) -> dict[str, bool]:
        t, g, s, r = (self.reports(role, at) for role in "TGSR")
        had_one = any(n <= at and value > 0 for n, value in self.h.run_times.items())
        run_time = self.run_time(at) > 0 or (had_one and not self.has_order(at))
        return {
            "pq": t or (g and s), "gq": g or (t and s), "sq": s or (t and g), "rq": r,
            "quality": (t and g) or (t and s) or (g and s), "run_time": run_time,
        }  # fmt: skip

    def add_second(self, sums: dict[str, float], at: int) -> None:
        facts, category = self.facts_at(at), self.categories[at]
        busy, state = category not in {"off", "pdot"}, category != "unknown"
        quantity, pace = facts["gq"] and facts["run_time"], facts["pq"] and facts["run_time"]
        judged = busy and state and quantity
        for name, is_so in {
            "plan_known_s": at >= self.h.calendar_from, "pq_known_s": facts["pq"],
            "gq_known_s": facts["gq"], "sq_known_s": facts["sq"], "rq_known_s": facts["rq"],
            "quantity_known_s": busy and quantity,
            "quantity_known_pot_s": category != "off" and quantity,
            "quantity_known_calendar_s": quantity, "judged_s": judged,
            "judged_apt_s": judged and category == "apt",
            "judged_aust_s": judged and category == "aust", "pace_known_s": busy and pace,
            "pace_apt_s": category == "apt" and pace, "quality_known_s": busy and facts["quality"],
            "quality_pri_known_s": busy and facts["quality"] and facts["run_time"],
            "rework_known_s": busy and facts["rq"] and facts["pq"],
            "aoet_unknown_s": not state and self.has_order(at),
        }.items():  # fmt: skip
            sums[name] = sums.get(name, 0.0) + is_so

    def share(self, since: int, at: int, quantity: int) -> float:
        if quantity <= 1:
            return float(at == 0 or self.categories[at - 1] != "unknown")
        span = self.categories[since:at]
        produced, unknown = span.count("apt"), span.count("unknown")
        return produced / (produced + unknown) if unknown else 1.0

    def add_count(self, sums: dict[str, float], role: str, since: int, at: int, n: int) -> None:
        facts, each_s = self.facts_at(at), self.run_time(at)
        counted = dict.fromkeys("TGSR", 0) | {role: n}
        t, g, s, r = (counted[name] for name in "TGSR")
        has = {name: self.reports(name, at) for name in "TGSR"}
        pq = (t if has["T"] else g + s) if facts["pq"] else 0
        gq = (g if has["G"] else t - s) if facts["gq"] else 0
        sq = (s if has["S"] else t - g) if facts["sq"] else 0
        share, quality = self.share(since, at, n), facts["quality"]
        rework = facts["rq"] and facts["pq"]
        for name, value in {
            "pq": pq, "gq": gq, "sq": sq, "rq": r, "pri_pq_s": pq * each_s,
            "pri_gq_s": gq * each_s, "judged_pri_gq_s": gq * each_s * share,
            "judged_pri_pq_s": (pq if facts["pq"] else gq) * each_s * share * facts["gq"],
            "pace_pri_pq_s": pq * each_s * share, "quality_pq": quality * pq,
            "quality_gq": quality * gq, "quality_sq": quality * sq,
            "quality_pri_pq_s": quality * pq * each_s, "quality_pri_gq_s": quality * gq * each_s,
            "rework_pq": rework * pq, "rework_rq": rework * r,
        }.items():  # fmt: skip
            sums[name] = sums.get(name, 0.0) + value

    def sums(self) -> list[dict[str, float]]:
        sums: list[dict[str, float]] = [{} for _ in range(BUCKETS)]
        for (bucket, _), elements in self.sums_by_order().items():
            for name, value in elements.items():
                sums[bucket][name] = sums[bucket].get(name, 0.0) + value
        return sums

    def order(self, at: int) -> str:
        return "" if self.h.orders is None else str(self.latest(dict(self.h.orders), at, ""))

    def sums_by_order(self) -> dict[tuple[int, str], dict[str, float]]:
        sums: dict[tuple[int, str], dict[str, float]] = {}
        for at in range(LAST):
            self.add_second(sums.setdefault((at // 900, self.order(at)), {}), at)
        for role, points in self.h.counts.items():
            instants = sorted(points)
            for before, at in zip([instants[0] if instants else 0, *instants], instants):  # noqa: B905 - one longer
                second = max(at - 1, 0)  # it was finished in the second that ends with it
                self.add_count(
                    sums.setdefault((second // 900, self.order(second)), {}), role, before, at,
                    points[at],
                )  # fmt: skip
        return sums


def compute(history: History) -> ComputedBuckets:
    edge, end = np.iinfo(np.int64).min, np.iinfo(np.int64).max

    def spans(*bounds: int) -> Spans:
        return Spans(np.array([T0 + at * SECOND for at in bounds], np.int64))

    plan = PlannedTime(
        spans(*history.shift), spans(*history.pause),
        Spans(np.array([edge if not history.calendar_from else
                        T0 + history.calendar_from * SECOND, end])),
    )  # fmt: skip
    span = BucketRange(T0, BUCKETS, T0 + (BUCKETS + 1) * BUCKET_US)
    return compute_buckets(samples_of(history), plan, Carry(), span)


@pytest.mark.parametrize("seed", range(60))
def test_what_is_known_is_counted_second_by_second(seed: int) -> None:
    history = history_of(seed)
    computed = compute(history)
    for bucket, expected in enumerate(Oracle(history).sums()):
        actual = {name: float(computed.columns[name][bucket]) for name in expected}
        assert actual == pytest.approx(expected, abs=1e-6), bucket


@pytest.mark.parametrize("seed", range(120))
def test_each_order_has_its_seconds_and_items(seed: int) -> None:
    """What the shares leave of a bucket is what the count of seconds without an order gives."""
    history = history_of(seed)
    computed, expected = compute(history), Oracle(history).sums_by_order()
    left = {n: computed.elements_of(n) for n in range(BUCKETS)}
    for share in computed.order_shares:
        sums = expected.pop((share.bucket, share.order_number))
        of_bucket = computed.elements_of(share.bucket)
        elements = asdict(of_bucket) if share.elements is None else share.elements
        actual = {name: elements.get(name, 0.0) for name in sums}
        assert actual == pytest.approx(sums, abs=1e-6), share
        rest = asdict(left[share.bucket])
        left[share.bucket] = Elements(**{n: rest[n] - elements.get(n, 0.0) for n in rest})
    for bucket, rest in left.items():
        sums = expected.pop((bucket, ""), {})
        names = sums or dict.fromkeys(ELEMENT_NAMES, 0.0)
        actual = {name: getattr(rest, name) for name in names}
        assert actual == pytest.approx(dict(names), abs=1e-6), bucket
    assert not expected
