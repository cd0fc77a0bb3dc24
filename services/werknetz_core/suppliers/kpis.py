"""KPIs of suppliers beside their master data: rates, delays, open lines by age and twelve weeks.

They are the KPI values of `/kpi_values?supplier=`, with each policy once instead of in each value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from werknetz.domain.bucket import instant_of
from werknetz.domain.window import Window
from werknetz.kpi.catalogue import CATALOGUE
from werknetz.store.kpis.kpi_sums import SUPPLIERS_WITH_RELATIONS
from werknetz.store.queries.suppliers import LINES_OF_SUPPLIERS
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import TimeContext, UtcSpan, parse_span
from werknetz_core.context.windows import windows_of
from werknetz_core.kpis.scopes.daily_sums import common_time
from werknetz_core.kpis.scopes.scope import QueryTarget, WindowSums
from werknetz_core.kpis.scopes.suppliers import SupplierScope
from werknetz_core.limits.reading import reading
from werknetz_core.limits.weight import Reads
from werknetz_core.suppliers.schemas import (
    ListedPolicyView,
    OpenLinesView,
    SupplierKpisView,
    SupplierPeriodView,
    SupplierWeekView,
)
from werknetz_core.texts.reasons import reason_code_of, write_reason

RANKED_LINES_MIN: Final = 5
WEEKS: Final = 12
_DAY_US: Final = 86_400_000_000
_KPIS: Final = tuple(
    CATALOGUE[name]
    for name in (
        "otif", "on_time_delivery", "in_full", "delay_severity", "asn_accuracy",
        "call_off_stability",
    )
)  # fmt: skip
_OTIF: Final = CATALOGUE["otif"]
_NO_DATA: Final = "no data"
_LINES_MAX: Final = 1e12
_BUILT_IN, _DEFAULT = "built_in", "default"
_UNRANKED: Final = "~"  # after every digit
_NO_LINES: Final = dict.fromkeys(OpenLinesView.model_fields, 0)


@dataclass(frozen=True, slots=True)
class SupplierPeriod:
    """The period whose rates are shown, and the weeks up to now."""

    whole: Window
    weeks: Sequence[Window]
    time: TimeContext

    @classmethod
    def of(cls, start: str, end: str | None, time: TimeContext) -> "SupplierPeriod":
        days = windows_of("1d", parse_span(start, end, time), time)
        whole = Window(days[0].start_us, days[-1].end_us, days[0].day)
        # A week more than needed: around a clock change, days have 23 or 25 hours.
        since_us = time.now_us - WEEKS * 7 * _DAY_US
        weeks = windows_of("1w", UtcSpan(since_us, time.now_us), time)[-WEEKS:]
        return cls(whole, weeks, time)

    @property
    def windows(self) -> list[Window]:
        return [self.whole, *self.weeks]

    @property
    def days(self) -> int:
        return sum(-(-(window.end_us - window.start_us) // _DAY_US) for window in self.windows)

    def view(self) -> SupplierPeriodView:
        return SupplierPeriodView(
            start=instant_of(self.whole.start_us), end=instant_of(self.whole.end_us),
            time_zone=self.time.zone.key,
            weeks=[instant_of(week.start_us) for week in self.weeks],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SupplierKpis:
    """KPIs by the key of the supplier, and the policies that they name."""

    period: SupplierPeriod
    by_key: Mapping[str, SupplierKpisView]
    policies: Sequence[ListedPolicyView]


async def load_supplier_kpis(
    start: str, end: str | None, context: AppContext, principal: Principal
) -> SupplierKpis:
    """Compute the KPIs of all suppliers that the key may see: a rank compares them."""
    period = SupplierPeriod.of(start, end, await common_time(None, context, principal))
    visible = (await context.tree.current()).visible_ids(principal)
    rows = await context.database.fetch(SUPPLIERS_WITH_RELATIONS, None, visible)
    span = UtcSpan(period.whole.start_us, period.whole.end_us)
    targets = [
        QueryTarget(row["key"], row["relations"], span, period.time)
        for row in rows
        if row["relations"]
    ]
    relations = sum(len(target.ids) for target in targets)
    values = len(targets) * (len(_KPIS) + WEEKS)
    async with reading(
        context, principal, Reads(rows=relations * period.days, values=values)
    ) as context_of_reads:
        sums = await SupplierScope().load_sums(
            context_of_reads, [(target, period.windows) for target in targets], _KPIS
        )
        lines = await _load_lines(context_of_reads, targets, period)
        policies: dict[str, ListedPolicyView] = {}
        by_key = {
            target.name: _kpis_of(sums[number], lines.get(number), policies)
            for number, target in enumerate(targets)
        }
    return SupplierKpis(period, _with_ranks(by_key), [policies[key] for key in sorted(policies)])


def rank_text(kpis: SupplierKpisView | None) -> str:
    """Return a text whose order is that of ranks: the lowest OTIF first, then most lines.

    Unlike the rank it does not depend on other suppliers, so a cursor can hold it.
    """
    if kpis is None or kpis.otif is None or kpis.lines_due < RANKED_LINES_MIN:
        return _UNRANKED
    return f"{kpis.otif:.15f} {_LINES_MAX - kpis.lines_due:018.3f}"


async def _load_lines(
    context: AppContext, targets: Sequence[QueryTarget], period: SupplierPeriod
) -> dict[int, asyncpg.Record]:
    pairs = [(number, id_) for number, target in enumerate(targets) for id_ in target.ids]
    rows = await context.database.fetch(
        LINES_OF_SUPPLIERS, [part for part, _ in pairs], [id_ for _, id_ in pairs],
        instant_of(period.time.now_us), instant_of(period.whole.start_us),
        instant_of(period.whole.end_us),
    )  # fmt: skip
    return {row["part"]: row for row in rows}


def _kpis_of(
    sums: Mapping[int, WindowSums],
    lines: asyncpg.Record | None,
    policies: dict[str, ListedPolicyView],
) -> SupplierKpisView:
    """Return the KPIs of a supplier, without its rank; add its policies."""
    whole = sums.get(1)
    values = {
        kpi.name: (None, _NO_DATA) if whole is None else kpi.compute(whole.elements)
        for kpi in _KPIS
    }
    fields: Mapping[str, Any] = {} if whole is None else whole.extra_fields
    reason = values["otif"][1]
    return SupplierKpisView(
        rank=None,
        lines_due=_lines_due(whole),
        otif=values["otif"][0],
        on_time=values["on_time_delivery"][0],
        in_full=values["in_full"][0],
        delay_severity_s=values["delay_severity"][0],
        median_delay_s=None if lines is None else lines["median_delay_s"],
        asn_accuracy=values["asn_accuracy"][0],
        call_off_stability=values["call_off_stability"][0],
        coverage=None if whole is None else whole.elements.coverage,
        reason=write_reason(reason),
        reason_code=reason_code_of(reason),
        open_by_age=OpenLinesView(
            **(_NO_LINES if lines is None else {name: lines[name] for name in _NO_LINES})
        ),
        weeks=_weeks_of(sums),
        policies=_policy_keys(fields.get("policies", ()), policies),
        computed_at=None if whole is None else whole.computed_at,
        evidence_href=fields.get("evidence_href"),
    )


def _weeks_of(sums: Mapping[int, WindowSums]) -> SupplierWeekView:
    weeks = [sums.get(number) for number in range(2, WEEKS + 2)]
    return SupplierWeekView(
        lines_due=[_lines_due(week) for week in weeks],
        otif=[None if week is None else _OTIF.compute(week.elements)[0] for week in weeks],
    )


def _lines_due(sums: WindowSums | None) -> float:
    return 0.0 if sums is None else float(getattr(sums.elements, "lines_due", 0.0))


def _policy_keys(
    applied: Sequence[Mapping[str, Any]], policies: dict[str, ListedPolicyView]
) -> list[str]:
    """Return the keys of the applied policies, such as default:2 or lenz:1; add them."""
    keys = []
    for fields in applied:
        key = f"{_owner_of(fields)}:{fields['version']}"
        policies[key] = ListedPolicyView(key=key, **fields)
        keys.append(key)
    return keys


def _owner_of(policy: Mapping[str, Any]) -> str:
    """Return whose policy it is; a supplier with the key `default` is named as a supplier."""
    if policy["version"] == 0:
        return _BUILT_IN
    supplier = policy["supplier"] or _DEFAULT
    return f"supplier:{supplier}" if policy["supplier"] in {_BUILT_IN, _DEFAULT} else supplier


def _with_ranks(by_key: Mapping[str, SupplierKpisView]) -> dict[str, SupplierKpisView]:
    """Give each supplier with enough lines its rank."""
    texts = {key: rank_text(kpis) for key, kpis in by_key.items()}
    ranked = sorted(
        (key for key, text in texts.items() if text != _UNRANKED),
        key=lambda key: (texts[key], key),
    )
    ranks = {key: rank for rank, key in enumerate(ranked, start=1)}
    return {key: kpis.model_copy(update={"rank": ranks.get(key)}) for key, kpis in by_key.items()}
