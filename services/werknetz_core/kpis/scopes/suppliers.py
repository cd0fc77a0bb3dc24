"""KPI values of suppliers: sums over their relations, by day of the receiving site.

A key for some plants sees only the relations of their sites. Each value has the policies that were
applied; if all of these measure orders, orders are counted instead of lines.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode

import asyncpg

from werknetz.domain.window import Window
from werknetz.kpi.definition import Kpi
from werknetz.kpi.supply.elements import SUPPLY_ELEMENT_NAMES, SupplyElements
from werknetz.kpi.supply.formulas import SUPPLIER
from werknetz.kpi.supply.policy import BUILT_IN, Policy, PolicyLevel
from werknetz.store.kpis.kpi_sums import (
    APPLIED_POLICIES,
    SUPPLIER_KEYS,
    SUPPLIER_ORDERS,
    SUPPLIER_SUMS,
    SUPPLIERS_WITH_RELATIONS,
)
from werknetz.store.session import ReadConnection
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import format_utc
from werknetz_core.kpis.query import KpiQuery
from werknetz_core.kpis.scopes import daily_sums
from werknetz_core.kpis.scopes.scope import (
    QueryTarget,
    WindowSums,
    columns_of_rows,
    definition_versions,
    unknown_target,
    window_rows,
)

ALL: Final = "*"
WATERMARK: Final = "#supply"  # name of the watermark that the worker increments
_QUALITY_ELEMENTS: Final = frozenset({"lines_due", "uncertain_lines"})
_ORDER_ELEMENTS: Final = frozenset(
    name for name in SUPPLY_ELEMENT_NAMES if name.startswith("orders_")
)


_TargetWindow = tuple[int, int]  # numbers of the target and the window


class SupplierScope:
    subject = SUPPLIER

    async def load_targets(
        self, query: KpiQuery, context: AppContext, principal: Principal
    ) -> list[QueryTarget]:
        tree = await context.tree.current()
        span, time = await daily_sums.parse_times(query, context, principal)
        keys = None if ALL in query.names else list(query.names)
        visible = tree.visible_ids(principal)
        rows = await context.database.fetch(SUPPLIERS_WITH_RELATIONS, keys, visible)
        relations = {row["key"]: row["relations"] or [] for row in rows}
        if keys is None:
            return [QueryTarget(key, ids, span, time) for key, ids in relations.items() if ids]
        for key in keys:
            if key not in relations:
                rows = await context.database.fetch(SUPPLIER_KEYS, visible)
                raise unknown_target("supplier", key, [row["key"] for row in rows])
        return [QueryTarget(key, relations[key], span, time) for key in keys]

    async def compute_etag(
        self, query: KpiQuery, targets: Sequence[QueryTarget], context: AppContext
    ) -> str | None:
        now_us = context.now_us()
        facts = (
            definition_versions(query),
            query.granularity,
            query.list_params,
            query.tz,
            [(p.name, tuple(p.ids), p.span.start_us, p.span.end_us) for p in targets],
        )
        return await context.watermarks.etag_of([WATERMARK], facts, now_us)

    def windows_of(self, query: KpiQuery, target: QueryTarget) -> list[Window]:
        return daily_sums.windows_of_days(query, target.span, target.time)

    async def load_sums(
        self,
        context: AppContext,
        targets: Sequence[tuple[QueryTarget, Sequence[Window]]],
        kpis: Sequence[Kpi],
    ) -> list[Mapping[int, WindowSums]]:
        arguments = _statement_arguments(targets)
        names = _element_names(kpis)
        async with context.database.acquire() as connection:
            rows = await connection.fetch(_sums_statement(names), *arguments)
            policies = await _load_policies(
                connection, {n for row in rows for n in row["policies"]}
            )
            orders: dict[_TargetWindow, asyncpg.Record] = {}
            if _needs_orders(kpis, policies.values()):
                order_rows = await connection.fetch(SUPPLIER_ORDERS, *arguments)
                orders = {(row["part"], row["n"]): row for row in order_rows}
        summed: list[dict[int, WindowSums]] = [{} for _ in targets]
        for row in rows:
            target, windows = targets[row["part"]]
            applied = [policies[id_] for id_ in sorted(row["policies"]) if id_ in policies]
            elements = SupplyElements(**{name: row[name] for name in names})
            elements = _with_order_sums(elements, orders.get((row["part"], row["n"])), applied)
            extra_fields = {
                "policies": [fields for fields, _ in applied],
                "evidence_href": _evidence_link(target, windows[row["n"] - 1]),
            }
            summed[row["part"]][row["n"]] = WindowSums(
                elements, row["computed_at"], extra_fields=extra_fields
            )
        return list(summed)


_AppliedPolicy = tuple[dict[str, Any], Policy]


def _statement_arguments(
    targets: Sequence[tuple[QueryTarget, Sequence[Window]]],
) -> list[list[Any]]:
    """Return the columns of windows and of relations, each with the number of its target."""
    relations = [(number, id_) for number, (target, _) in enumerate(targets) for id_ in target.ids]
    return [*columns_of_rows(window_rows(targets), 4), *columns_of_rows(relations, 2)]


def _element_names(kpis: Sequence[Kpi]) -> frozenset[str]:
    """Return the elements to sum; those of orders are counted from lines."""
    return _QUALITY_ELEMENTS.union(*(kpi.inputs for kpi in kpis)) - _ORDER_ELEMENTS


@lru_cache(maxsize=256)
def _sums_statement(names: frozenset[str]) -> str:
    return SUPPLIER_SUMS.format(
        sums=", ".join(f"sum(e.{name}) AS {name}" for name in sorted(names))
    )


def _needs_orders(kpis: Sequence[Kpi], policies: Iterable[_AppliedPolicy]) -> bool:
    if any(_ORDER_ELEMENTS.intersection(kpi.inputs) for kpi in kpis):
        return True
    return any(policy.level is PolicyLevel.ORDER for _, policy in policies)


def _with_order_sums(
    elements: SupplyElements, row: asyncpg.Record | None, applied: Sequence[_AppliedPolicy]
) -> SupplyElements:
    """Add the order sums; if all policies measure orders, use them as the sums of lines."""
    counted = {name: 0.0 if row is None else row[name] for name in _ORDER_ELEMENTS}
    if applied and all(policy.level is PolicyLevel.ORDER for _, policy in applied):
        counted |= {
            "lines_due": counted["orders_due"],
            "lines_on_time": counted["orders_on_time"],
            "lines_in_full": counted["orders_in_full"],
            "lines_otif": counted["orders_otif"],
            "uncertain_lines": 0.0 if row is None else row["uncertain"],
        }
    return replace(elements, **counted)


async def _load_policies(connection: ReadConnection, ids: set[int]) -> dict[int, _AppliedPolicy]:
    """Return the policies with their response fields, by id; 0: the built-in policy."""
    policies = {0: (_policy_fields(BUILT_IN), BUILT_IN)} if 0 in ids else {}
    for row in await connection.fetch(APPLIED_POLICIES, sorted(ids)):
        policy = Policy.parse(json.loads(row["document"]), row["version"])
        fields = {
            **_policy_fields(policy),
            "supplier": row["supplier"],
            "valid_from": row["valid_from"],
        }
        policies[row["id"]] = (fields, policy)
    return policies


def _evidence_link(target: QueryTarget, window: Window) -> str:
    """Return the link to the lines that were counted."""
    span = {"start": format_utc(window.start_us), "end": format_utc(window.end_us)}
    return f"/api/v1/due_lines?{urlencode({'supplier': target.name, 'state': 'measured', **span})}"


def _policy_fields(policy: Policy) -> dict[str, Any]:
    document = policy.to_document()
    names = ("reference", "early", "late", "tolerance", "level", "frozen_days")
    return {
        "supplier": None,
        "version": policy.version,
        "valid_from": None,
        **{name: document[name] for name in names},
        "text": policy.text,
    }
