"""KPI values of suppliers: elements of their relations, by day of the site that receives.

A key for some plants sees the relations of their sites only. Beside each value stand the policies
that it was measured by; where these are of orders, orders are counted instead of lines.
"""

import difflib
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
from werknetz.store.queries.kpi_sums import (
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
from werknetz_core.http.problem import Problem
from werknetz_core.kpis.query import KpiQuery
from werknetz_core.kpis.scopes import daily_sums
from werknetz_core.kpis.scopes.scope import QueryTarget, WindowSums, definition_versions

ALL: Final = "*"
WATERMARK: Final = "#supply"  # the watermark that the worker counts up
_QUALITY_ELEMENTS: Final = frozenset({"lines_due", "uncertain_lines"})
_ORDER_ELEMENTS: Final = frozenset(
    name for name in SUPPLY_ELEMENT_NAMES if name.startswith("orders_")
)


_TargetWindow = tuple[int, int]  # the target, the window


class SupplierScope:
    subject = SUPPLIER

    async def targets(
        self, query: KpiQuery, context: AppContext, principal: Principal
    ) -> list[QueryTarget]:
        span, time = await daily_sums.read(query, context, principal)
        keys = None if ALL in query.names else list(query.names)
        rows = await context.database.fetch(
            SUPPLIERS_WITH_RELATIONS, keys, await _plants(context, principal)
        )
        found = {row["key"]: row["relations"] or [] for row in rows}
        if keys is None:
            return [QueryTarget(key, ids, span, time) for key, ids in found.items() if ids]
        for key in keys:
            if key not in found:
                raise await _unknown_key(key, context)
        return [QueryTarget(key, found[key], span, time) for key in keys]

    async def tag(
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

    def windows(self, query: KpiQuery, target: QueryTarget) -> list[Window]:
        return daily_sums.windows(query, target.span, target.time)

    async def sums(
        self,
        context: AppContext,
        targets: Sequence[tuple[QueryTarget, Sequence[Window]]],
        kpis: Sequence[Kpi],
    ) -> list[Mapping[int, WindowSums]]:
        params = _statement_arguments(targets)
        names = _element_names(kpis)
        async with context.database.acquire() as connection:
            rows = await connection.fetch(_sums_statement(names), *params)
            policies = await _load_policies(
                connection, {n for row in rows for n in row["policies"]}
            )
            orders: dict[_TargetWindow, asyncpg.Record] = {}
            if _needs_orders(kpis, policies.values()):
                found = await connection.fetch(SUPPLIER_ORDERS, *params)
                orders = {(row["part"], row["n"]): row for row in found}
        summed: list[dict[int, WindowSums]] = [{} for _ in targets]
        for row in rows:
            target, windows = targets[row["part"]]
            held = [policies[number] for number in sorted(row["policies"]) if number in policies]
            elements = SupplyElements(**{name: row[name] for name in names})
            elements = _with_order_sums(elements, orders.get((row["part"], row["n"])), held)
            extra_fields = {
                "policies": [told for told, _ in held],
                "evidence_href": _evidence_link(target, windows[row["n"] - 1]),
            }
            summed[row["part"]][row["n"]] = WindowSums(
                elements, row["computed_at"], extra_fields=extra_fields
            )
        return list(summed)


_AppliedPolicy = tuple[dict[str, Any], Policy]


def _statement_arguments(
    targets: Sequence[tuple[QueryTarget, Sequence[Window]]],
) -> tuple[list[Any], ...]:
    """Return the columns of the windows, and of the relations, each with the number of its target."""
    windows = [
        (number, n, window.day, daily_sums.last_day(window, target.time))
        for number, (target, cut) in enumerate(targets)
        for n, window in enumerate(cut, start=1)
    ]
    relations = [(number, id_) for number, (target, _) in enumerate(targets) for id_ in target.ids]
    return (
        *([row[column] for row in windows] for column in range(4)),
        *([row[column] for row in relations] for column in range(2)),
    )


def _element_names(kpis: Sequence[Kpi]) -> frozenset[str]:
    """Return the columns to sum; those of orders are counted out of lines."""
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
    elements: SupplyElements, row: asyncpg.Record | None, held: Sequence[_AppliedPolicy]
) -> SupplyElements:
    """Add the orders; where every policy is of orders, they stand for the lines."""
    counted = {name: 0.0 if row is None else row[name] for name in _ORDER_ELEMENTS}
    if held and all(policy.level is PolicyLevel.ORDER for _, policy in held):
        counted |= {
            "lines_due": counted["orders_due"],
            "lines_on_time": counted["orders_on_time"],
            "lines_in_full": counted["orders_in_full"],
            "lines_otif": counted["orders_otif"],
            "uncertain_lines": 0.0 if row is None else row["uncertain"],
        }
    return replace(elements, **counted)


async def _load_policies(
    connection: ReadConnection, numbers: set[int]
) -> dict[int, _AppliedPolicy]:
    """Return what stands extra_fields the values, by the id of the policy; 0: the built-in."""
    found = {0: (_policy_fields(BUILT_IN), BUILT_IN)} if 0 in numbers else {}
    for row in await connection.fetch(APPLIED_POLICIES, sorted(numbers)):
        policy = Policy.parse(json.loads(row["document"]), row["version"])
        told = {
            **_policy_fields(policy),
            "supplier": row["supplier"],
            "valid_from": row["valid_from"],
        }
        found[row["id"]] = (told, policy)
    return found


def _evidence_link(target: QueryTarget, window: Window) -> str:
    """Return where the lines are that were counted, each with the events that it is made of."""
    span = {"start": format_utc(window.start_us), "end": format_utc(window.end_us)}
    return f"/api/v1/due_lines?{urlencode({'supplier': target.name, 'state': 'measured', **span})}"


def _policy_fields(policy: Policy) -> dict[str, Any]:
    document = policy.to_document()
    shown = ("reference", "early", "late", "tolerance", "level", "frozen_days")
    return {
        "supplier": None,
        "version": policy.version,
        "valid_from": None,
        **{name: document[name] for name in shown},
        "text": policy.text,
    }


async def _plants(context: AppContext, principal: Principal) -> list[int] | None:
    """Return the equipment whose sites the key may see; None: all."""
    if principal.plants is None:
        return None
    tree = await context.tree.current()
    return [node.id for node in tree.nodes.values() if principal.can_see(node.path)]


async def _unknown_key(key: str, context: AppContext) -> Problem:
    known = [row["key"] for row in await context.database.fetch(SUPPLIER_KEYS)]
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
    hint = f"Did you mean {', '.join(near)}?" if near else "GET /api/v1/suppliers lists all."
    return Problem(404, "unknown_supplier", f"There is no supplier {key!r}.", hint)
