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
from werknetz.store.session import ReadConnection
from werknetz_core.access.keys import Principal
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.time_spec import format_utc
from werknetz_core.http.problem import Problem
from werknetz_core.kpis.query import Question
from werknetz_core.kpis.scopes import daily_sums
from werknetz_core.kpis.scopes.scope import Part, Sums, definitions

EVERY: Final = "*"
MARK: Final = "#supply"  # the watermark that the worker counts up
_TRUST: Final = frozenset({"lines_due", "uncertain_lines"})
_ORDERS: Final = frozenset(name for name in SUPPLY_ELEMENT_NAMES if name.startswith("orders_"))

_SUPPLIERS: Final = """
SELECT p.key, array_agg(r.id ORDER BY r.id) FILTER (
    WHERE r.id IS NOT NULL AND ($2::int[] IS NULL OR s.equipment_id = ANY($2))) AS relations
FROM partners p LEFT JOIN supply_relations r ON r.supplier_id = p.id
LEFT JOIN sites s ON s.id = r.site_id
WHERE CASE WHEN $1::text[] IS NULL THEN r.id IS NOT NULL ELSE p.key = ANY($1) END
GROUP BY p.key ORDER BY p.key"""
_KEYS: Final = (
    "SELECT key FROM partners WHERE EXISTS (SELECT FROM supply_relations r "
    "WHERE r.supplier_id = partners.id) ORDER BY key LIMIT 10000"
)
_ASKED: Final = """
FROM unnest($1::int[], $2::int[], $3::date[], $4::date[]) AS w (part, n, first_day, last_day)
JOIN unnest($5::int[], $6::int[]) AS r (part, relation_id) ON r.part = w.part"""
_SUMMED: Final = f"""
SELECT w.part, w.n, max(e.computed_at) AS computed_at,
    array_agg(DISTINCT coalesce(e.policy_id, 0)) AS policies, {{sums}}
{_ASKED} JOIN supply_elements e ON e.relation_id = r.relation_id
    AND e.day BETWEEN w.first_day AND w.last_day
GROUP BY w.part, w.n"""
# An order counts on the day on which its last line is due; without a number, its call-off is it.
_BY_ORDER: Final = """
WITH r AS (SELECT * FROM unnest($5::int[], $6::int[]) AS r (part, relation_id)),
orders AS (
    SELECT r.part, coalesce(l.order_number, l.document) AS number,
        max((l.due_from AT TIME ZONE coalesce(q.time_zone, 'UTC'))::date) AS day,
        bool_and(l.on_time) AS on_time, bool_and(l.in_full) AS in_full,
        bool_and(l.on_time AND l.in_full) AS otif, bool_or(l.is_uncertain) AS is_uncertain
    FROM r JOIN due_lines l ON l.relation_id = r.relation_id
    JOIN supply_relations sr ON sr.id = l.relation_id
    LEFT JOIN sites s ON s.id = sr.site_id LEFT JOIN equipment q ON q.id = s.equipment_id
    GROUP BY 1, 2 HAVING bool_and(l.state = 'measured'))
SELECT w.part, w.n, count(*)::float8 AS orders_due,
    (count(*) FILTER (WHERE o.on_time))::float8 AS orders_on_time,
    (count(*) FILTER (WHERE o.in_full))::float8 AS orders_in_full,
    (count(*) FILTER (WHERE o.otif))::float8 AS orders_otif,
    (count(*) FILTER (WHERE o.is_uncertain))::float8 AS uncertain
FROM unnest($1::int[], $2::int[], $3::date[], $4::date[]) AS w (part, n, first_day, last_day)
JOIN orders o ON o.part = w.part AND o.day BETWEEN w.first_day AND w.last_day
GROUP BY w.part, w.n"""
_POLICIES: Final = """
SELECT s.id, p.key AS supplier, s.version, s.valid_from, s.document
FROM supply_policies s LEFT JOIN partners p ON p.id = s.supplier_id
WHERE s.id = ANY($1) ORDER BY s.valid_from, s.version"""

_Place = tuple[int, int]  # the part, the window


class Suppliers:
    subject = SUPPLIER

    async def parts(
        self, question: Question, context: AppContext, principal: Principal
    ) -> list[Part]:
        span, clock = await daily_sums.read(question, context, principal)
        keys = None if EVERY in question.names else list(question.names)
        rows = await context.database.fetch(_SUPPLIERS, keys, await _plants(context, principal))
        found = {row["key"]: row["relations"] or [] for row in rows}
        if keys is None:
            return [Part(key, ids, span, clock) for key, ids in found.items() if ids]
        for key in keys:
            if key not in found:
                raise await _unknown(key, context)
        return [Part(key, found[key], span, clock) for key in keys]

    async def tag(
        self, question: Question, parts: Sequence[Part], context: AppContext
    ) -> str | None:
        now_us = context.now_us()
        facts = (
            definitions(question),
            question.granularity,
            question.shape,
            question.tz,
            [(p.name, tuple(p.ids), p.span.start_us, p.span.end_us) for p in parts],
        )
        return await context.watermarks.etag_of([MARK], facts, now_us)

    def windows(self, question: Question, part: Part) -> list[Window]:
        return daily_sums.windows(question, part.span, part.clock)

    async def sums(
        self,
        context: AppContext,
        parts: Sequence[tuple[Part, Sequence[Window]]],
        kpis: Sequence[Kpi],
    ) -> list[Mapping[int, Sums]]:
        params = _asked(parts)
        names = _needed(kpis)
        async with context.database.acquire() as connection:
            rows = await connection.fetch(_statement(names), *params)
            policies = await _policies(connection, {n for row in rows for n in row["policies"]})
            orders: dict[_Place, asyncpg.Record] = {}
            if _counts_orders(kpis, policies.values()):
                found = await connection.fetch(_BY_ORDER, *params)
                orders = {(row["part"], row["n"]): row for row in found}
        summed: list[dict[int, Sums]] = [{} for _ in parts]
        for row in rows:
            part, windows = parts[row["part"]]
            held = [policies[number] for number in sorted(row["policies"]) if number in policies]
            elements = SupplyElements(**{name: row[name] for name in names})
            elements = _with_orders(elements, orders.get((row["part"], row["n"])), held)
            beside = {
                "policies": [told for told, _ in held],
                "evidence_href": _evidence(part, windows[row["n"] - 1]),
            }
            summed[row["part"]][row["n"]] = Sums(elements, row["computed_at"], beside=beside)
        return list(summed)


_Told = tuple[dict[str, Any], Policy]


def _asked(parts: Sequence[tuple[Part, Sequence[Window]]]) -> tuple[list[Any], ...]:
    """Return the columns of the windows, and of the relations, each with the number of its part."""
    windows = [
        (number, n, window.day, daily_sums.last_day(window, part.clock))
        for number, (part, cut) in enumerate(parts)
        for n, window in enumerate(cut, start=1)
    ]
    relations = [(number, id_) for number, (part, _) in enumerate(parts) for id_ in part.ids]
    return (
        *([row[column] for row in windows] for column in range(4)),
        *([row[column] for row in relations] for column in range(2)),
    )


def _needed(kpis: Sequence[Kpi]) -> frozenset[str]:
    """Return the columns to sum; those of orders are counted out of lines."""
    return _TRUST.union(*(kpi.inputs for kpi in kpis)) - _ORDERS


@lru_cache(maxsize=256)
def _statement(names: frozenset[str]) -> str:
    return _SUMMED.format(sums=", ".join(f"sum(e.{name}) AS {name}" for name in sorted(names)))


def _counts_orders(kpis: Sequence[Kpi], policies: Iterable[_Told]) -> bool:
    if any(_ORDERS.intersection(kpi.inputs) for kpi in kpis):
        return True
    return any(policy.level is PolicyLevel.ORDER for _, policy in policies)


def _with_orders(
    elements: SupplyElements, row: asyncpg.Record | None, held: Sequence[_Told]
) -> SupplyElements:
    """Add the orders; where every policy is of orders, they stand for the lines."""
    counted = {name: 0.0 if row is None else row[name] for name in _ORDERS}
    if held and all(policy.level is PolicyLevel.ORDER for _, policy in held):
        counted |= {
            "lines_due": counted["orders_due"],
            "lines_on_time": counted["orders_on_time"],
            "lines_in_full": counted["orders_in_full"],
            "lines_otif": counted["orders_otif"],
            "uncertain_lines": 0.0 if row is None else row["uncertain"],
        }
    return replace(elements, **counted)


async def _policies(connection: ReadConnection, numbers: set[int]) -> dict[int, _Told]:
    """Return what stands beside the values, by the id of the policy; 0: the built-in."""
    found = {0: (_told(BUILT_IN), BUILT_IN)} if 0 in numbers else {}
    for row in await connection.fetch(_POLICIES, sorted(numbers)):
        policy = Policy.parse(json.loads(row["document"]), row["version"])
        told = {**_told(policy), "supplier": row["supplier"], "valid_from": row["valid_from"]}
        found[row["id"]] = (told, policy)
    return found


def _evidence(part: Part, window: Window) -> str:
    """Return where the lines are that were counted, each with the events that it is made of."""
    span = {"start": format_utc(window.start_us), "end": format_utc(window.end_us)}
    return f"/api/v1/due_lines?{urlencode({'supplier': part.name, 'state': 'measured', **span})}"


def _told(policy: Policy) -> dict[str, Any]:
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


async def _unknown(key: str, context: AppContext) -> Problem:
    known = [row["key"] for row in await context.database.fetch(_KEYS)]
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
    hint = f"Did you mean {', '.join(near)}?" if near else "GET /api/v1/suppliers lists all."
    return Problem(404, "unknown_supplier", f"There is no supplier {key!r}.", hint)
