"""Freezes the standard times of a target's baseline, and values output at them."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import asyncpg

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.kpi.targets.standards import (
    SAME,
    ProductOutput,
    StandardInUse,
    StandardKey,
    Standards,
    ValueChange,
    ValuedOutput,
    standards_of,
    value_change_of,
    value_output,
    value_times,
)
from werknetz.store.kpis.product_output import (
    FIRST_STANDARDS,
    FORMER_MACHINES,
    ORDERS_SINCE,
    OUTPUT_OF_MACHINES,
    OUTPUT_OF_ORDERS,
    TARGET_STANDARDS,
)
from werknetz.store.kpis.products import PRODUCTS_OF_ORDERS
from werknetz.store.session import ReadConnection
from werknetz.texts.sentence import Sentence, write_text
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.time_spec import UtcSpan
from werknetz_core.loss_times.measure import MachineLosses
from werknetz_core.targets.definition import TargetDefinition
from werknetz_core.targets.scope import nodes_of

_NAMED_MAX: Final = 20  # products that an answer names; their number and share are of all
_NAMED_IN_TEXT: Final = 3


@dataclass(frozen=True, slots=True)
class MachineOrder:
    """An order at a machine, and the range of the standards at which its items counted."""

    equipment_id: int
    number: str
    product: str | None
    started_us: int  # 0: not known
    run_s_min: float | None
    run_s_max: float | None

    @classmethod
    def of(cls, row: asyncpg.Record | Mapping[str, Any]) -> "MachineOrder":
        started_at = row["started_at"]
        return cls(
            row["equipment_id"], row["order_number"], row["product"],
            0 if started_at is None else microseconds_of(started_at), row["run_s_min"],
            row["run_s_max"],
        )  # fmt: skip

    @property
    def key(self) -> StandardKey | None:
        return None if self.product is None else (self.equipment_id, self.product)

    def counts_at(self, standards: Standards) -> bool:
        """Return whether its output is surely the same at these standards and at those in force."""
        if self.key is None:
            return True  # it names no product
        standard_s = standards.get(self.key)
        return standard_s is not None and all(
            run_s is not None and math.isclose(run_s, standard_s, rel_tol=SAME)
            for run_s in (self.run_s_min, self.run_s_max)
        )


@dataclass(frozen=True, slots=True)
class OutputByWindow:
    """Outputs by number of the window, from 1, and the standards at which they count."""

    outputs: Mapping[int, Sequence[ProductOutput]] = field(default_factory=dict)
    frozen: Standards = field(default_factory=dict)
    first: Standards = field(default_factory=dict)

    def changes_by_machine(self, window: int) -> dict[int, ValueChange]:
        """Return what the output of each machine is worth more at frozen standards."""
        changes: dict[int, ValueChange] = defaultdict(ValueChange)
        for output in self.outputs.get(window, ()):
            if (key := output.key) is not None:
                standard_s = self.frozen.get(key, self.first.get(key))
                changes[output.equipment_id] += value_change_of(output, standard_s)
        return dict(changes)

    def change_of(self, window: int) -> ValueChange:
        return sum(self.changes_by_machine(window).values(), ValueChange())

    def value_window(self, window: int, judged_good_s: float) -> ValuedOutput:
        outputs = self.outputs.get(window, ())
        return value_output(outputs, self.frozen, self.first, judged_good_s)


async def load_standards(connection: ReadConnection, target_id: int) -> dict[StandardKey, float]:
    """Return the frozen standards of a target."""
    rows = await connection.fetch(TARGET_STANDARDS, target_id)
    return {(row["equipment_id"], row["product"]): row["run_s"] for row in rows}


async def measure_standards(
    connection: ReadConnection, tree: EquipmentTree, definition: TargetDefinition
) -> dict[StandardKey, float]:
    """Return the standards of the baseline; none for an output of parts."""
    if definition.output != "earned_standard_minutes":
        return {}
    ids = [node.id for node in nodes_of(tree, definition)]
    outputs = await _load_outputs(connection, ids, [definition.baseline])
    return standards_of(outputs.get(1, ()))


async def load_output(
    connection: ReadConnection,
    tree: EquipmentTree,
    definition: TargetDefinition,
    spans: Sequence[UtcSpan],
    frozen: Standards | None,
    *,
    is_complete: bool = False,
) -> OutputByWindow:
    """Return the output by product in spans, which are in order and do not overlap.

    Only of orders in which another standard was in force than the one at which they count: the
    output of others is the same at both. `is_complete`: of all. Without frozen standards, or for an
    output of parts, it is empty: output counts as it is.
    """
    if frozen is None or definition.output != "earned_standard_minutes" or not spans:
        return OutputByWindow()
    ids = [node.id for node in nodes_of(tree, definition)]
    since_us = min(spans[0].start_us, definition.baseline.end_us)
    rows = await connection.fetch(ORDERS_SINCE, ids, instant_of(since_us))
    orders = [MachineOrder.of(row) for row in rows]
    keys = {order.key for order in orders if order.key is not None}
    frozen = await _with_moved_machines(connection, frozen, keys)
    new = [order for order in orders if order.key is not None and order.key not in frozen]
    first = await _load_first(connection, new, definition.baseline.end_us)
    if is_complete:
        outputs = await _load_outputs(connection, ids, spans)
    else:
        standards = {**first, **frozen}
        changed = [order for order in orders if not order.counts_at(standards)]
        outputs = await _load_outputs(connection, ids, spans, changed) if changed else {}
    return OutputByWindow(outputs, frozen, first)


async def _load_outputs(
    connection: ReadConnection,
    ids: Sequence[int],
    spans: Sequence[UtcSpan],
    orders: Sequence[MachineOrder] | None = None,
) -> dict[int, list[ProductOutput]]:
    """Return the output by number of the span; without orders: of all."""
    windows = (
        [instant_of(span.start_us) for span in spans], [instant_of(span.end_us) for span in spans],
    )  # fmt: skip
    if orders is None:
        rows = await connection.fetch(OUTPUT_OF_MACHINES, ids, *windows)
    else:
        columns = [o.equipment_id for o in orders], [o.number for o in orders]
        rows = await connection.fetch(OUTPUT_OF_ORDERS, ids, *windows, *columns)
    pairs = sorted({(row["equipment_id"], row["order_number"]) for row in rows})
    products = await connection.fetch(
        PRODUCTS_OF_ORDERS, [machine for machine, _ in pairs], [number for _, number in pairs]
    )
    product_of = {(row["equipment_id"], row["order_number"]): row["product"] for row in products}
    outputs: dict[int, list[ProductOutput]] = defaultdict(list)
    for row in rows:
        outputs[row["n"]].append(
            ProductOutput(
                row["equipment_id"], product_of[row["equipment_id"], row["order_number"]],
                row["good_s"], row["produced_s"], row["good_items"], row["produced_items"],
            )
        )  # fmt: skip
    return outputs


async def _with_moved_machines(
    connection: ReadConnection, frozen: Standards, keys: Iterable[StandardKey]
) -> dict[StandardKey, float]:
    """Add the standards of machines that were moved in the tree since the baseline."""
    frozen = dict(frozen)
    unknown = {key for key in keys if key not in frozen}
    if not unknown:
        return frozen
    rows = await connection.fetch(FORMER_MACHINES, sorted({machine for machine, _ in unknown}))
    for row in rows:  # the latest move first
        for machine, product in unknown:
            former = row["former"], product
            if machine == row["id"] and former in frozen:
                frozen.setdefault((machine, product), frozen[former])
    return frozen


async def _load_first(
    connection: ReadConnection, orders: Sequence[MachineOrder], since_us: int
) -> dict[StandardKey, float]:
    """Return the standards at which the products of orders were first made after the baseline."""
    by_key: dict[StandardKey, list[MachineOrder]] = defaultdict(list)
    for order in sorted(orders, key=lambda order: order.started_us):
        if order.key is not None:
            by_key[order.key].append(order)
    firsts = [order for of_key in by_key.values() for order in orders_until_items(of_key)]
    first = await _load_first_of(connection, firsts, since_us)
    missing = [o for key, of_key in by_key.items() if key not in first for o in of_key]
    return {**first, **await _load_first_of(connection, missing, since_us)}


def orders_until_items(orders: Sequence[MachineOrder]) -> Iterable[MachineOrder]:
    """Yield the orders, which are in order of their starts, up to the first with items."""
    for order in orders:
        yield order
        if order.run_s_min is not None and order.started_us:
            return


async def _load_first_of(
    connection: ReadConnection, orders: Sequence[MachineOrder], since_us: int
) -> dict[StandardKey, float]:
    if not orders:
        return {}
    rows = await connection.fetch(
        FIRST_STANDARDS, [order.equipment_id for order in orders],
        [order.number for order in orders], instant_of(since_us),
    )  # fmt: skip
    key_of = {(order.equipment_id, order.number): order.key for order in orders}
    first: dict[StandardKey, float] = {}
    for row in sorted(rows, key=lambda row: (row["first_at"], row["order_number"])):
        key = key_of[row["equipment_id"], row["order_number"]]
        if key is not None:
            first.setdefault(key, row["run_s"])
    return first


def at_frozen_standards(row: MachineLosses, change: ValueChange | None) -> MachineLosses:
    """Return the loss times of a machine with its output valued at frozen standards."""
    if change is None or change == ValueChange():
        return row
    elements = replace(
        row.elements,
        judged_pri_gq_s=row.elements.judged_pri_gq_s + change.good_s,
        judged_pri_pq_s=row.elements.judged_pri_pq_s + change.produced_s,
    )
    net_us, good_us = (
        round(seconds * 1e6) for seconds in (elements.judged_pri_pq_s, elements.judged_pri_gq_s)
    )
    return replace(row, elements=elements, times=value_times(row.times, net_us, good_us))


def valuation_document(tree: EquipmentTree, valued: ValuedOutput) -> dict[str, Any]:
    """Return a ValuationView as a document."""
    paths = {node.id: node.path for node in tree.nodes.values()}

    def rows_of(standards: Sequence[StandardInUse]) -> list[dict[str, Any]]:
        return [
            {
                "product": row.product, "equipment": paths.get(row.equipment_id),
                "standard_s": row.frozen_s, "current_standard_s": row.current_s,
                "share": valued.share_of(row.good_s),
            }
            for row in standards[:_NAMED_MAX]
        ]  # fmt: skip

    return {
        "frozen_share": valued.share_of(valued.frozen_s),
        "new_share": valued.share_of(valued.new_s),
        "unattributed_share": valued.share_of(valued.unattributed_s),
        "new_products": rows_of(valued.new),
        "changed_standards": rows_of(valued.changed),
        "text": [write_text(text) for text in _sentences_of(valued)],
    }


def _sentences_of(valued: ValuedOutput) -> list[Sentence]:
    """Return what does not count at a frozen standard, and which standards have changed."""
    sentences = []
    if valued.new:
        share, names = _share(valued.share_of(valued.new_s)), _names_of(valued.new)
        sentences.append(Sentence("target.new_products", share=share, names=names))
    if valued.changed:
        sentences.append(Sentence("target.changed_standards", names=_names_of(valued.changed)))
    if valued.unattributed_s > 0:
        share = _share(valued.share_of(valued.unattributed_s))
        sentences.append(Sentence("target.no_product", share=share))
    return sentences


def _names_of(standards: Sequence[StandardInUse]) -> list[str] | Sentence:
    names = list(dict.fromkeys(row.product for row in standards))
    if len(names) <= _NAMED_IN_TEXT:
        return names
    return Sentence(
        "target.names_and_more", names=names[:_NAMED_IN_TEXT], more=len(names) - _NAMED_IN_TEXT
    )


def _share(share: float | None) -> Sentence:
    if share is None:
        return Sentence("target.share_all")
    if 0 < share < 0.0005:
        return Sentence("target.share_below_one_tenth")
    return Sentence("target.share", percent=share * 100)
