"""A ranking of losses as a document: rows in the order of a Pareto chart, rest and totals."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from werknetz.kpi.losses.categories import STEPS, LossKind
from werknetz.kpi.losses.ledger import LossSum, cumulative_shares
from werknetz.store.session import ReadConnection
from werknetz.texts.sentence import write_text
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.context.time_spec import format_local
from werknetz_core.loss_times.report import costs_of, share_of
from werknetz_core.losses.ranking.absent import Absent
from werknetz_core.losses.ranking.ledger import GroupedLosses, GroupKey, load_grouped_losses
from werknetz_core.losses.ranking.query import DIMENSIONS, LossScope, RankingQuery

Document = dict[str, Any]
Key = tuple[GroupKey, LossKind]
_PATHS: Final = frozenset({"plant", "line", "machine"})


async def rank_losses(
    connection: ReadConnection, tree: EquipmentTree, query: RankingQuery
) -> Document:
    """Return a LossRankingView as a document."""
    now_us = query.time.now_us
    losses = await load_grouped_losses(connection, tree, query.scope, query.dimensions, now_us)
    groups = {key: total for key, total in losses.groups.items() if key[1] in query.kinds}
    compared: GroupedLosses | None = None
    other: Mapping[Key, LossSum] = {}
    if query.compared is not None:
        compared = await load_grouped_losses(
            connection, tree, query.compared, query.dimensions, now_us
        )
        other = _groups_by_own_keys(query, compared)
        for key in other:
            if key[1] in query.kinds:
                groups.setdefault(key, LossSum())
    rows = _rows(query, losses, groups, compared, other)
    shown, hidden = rows[: query.limit], rows[query.limit :]
    return {
        **_span(query, query.scope),
        "time_zone": query.time.zone.key,
        "group_by": list(query.dimensions),
        "items": shown,
        "rest": {
            "rows": len(hidden),
            "seconds": sum(round(row["seconds"] * 1e6) for row in hidden) / 1e6,
            "stops": sum(row["stops"] for row in hidden),
        },
        "totals": _totals(losses, groups),
        "compared": None
        if query.compared is None or compared is None
        else {
            **_span(query, query.compared),
            "totals": _totals(
                compared, {k: v for k, v in compared.groups.items() if k[1] in query.kinds}
            ),
        },
        "provisional": losses.provisional or query.scope.span.end_us > now_us,
        "computed_at": losses.computed_at,
        "no_data": not losses.groups,
    }


def _rows(
    query: RankingQuery,
    losses: GroupedLosses,
    groups: Mapping[Key, LossSum],
    compared: GroupedLosses | None,
    other: Mapping[Key, LossSum],
) -> list[Document]:
    def amount(key: Key) -> float:
        return groups[key].stops if query.by_count else groups[key].us

    ordered = sorted(groups, key=lambda key: (-amount(key), -groups[key].us, str(key)))
    total_us = sum(total.us for total in groups.values())
    busy_us = losses.times.step_us("busy")
    cumulative = cumulative_shares([amount(key) for key in ordered])
    rows = []
    for key, share in zip(ordered, cumulative, strict=True):
        total = groups[key]
        rows.append(
            {
                **dict.fromkeys(DIMENSIONS),
                **_names_of(query.dimensions, key[0]),
                "kind": key[1].value,
                "seconds": total.us / 1e6,
                "share": share_of(total.us, total_us),
                "busy_share": share_of(total.us, busy_us),
                "cumulative_share": share,
                "stops": total.stops,
                "pieces": total.pieces,
                "costs": costs_of(total.costs),
                "compared": None
                if compared is None
                else _comparison_of(query, total, losses, other.get(key, LossSum()), compared),
            }
        )
    return rows


def _names_of(dimensions: Sequence[str], values: GroupKey) -> Document:
    """Return the values of the dimensions, and why some are null."""
    pairs = list(zip(dimensions, values, strict=True))
    return {
        **{name: None if isinstance(value, Absent) else value for name, value in pairs},
        "absent": {
            name: write_text(value.text) for name, value in pairs if isinstance(value, Absent)
        },
    }


def _comparison_of(
    query: RankingQuery,
    total: LossSum,
    losses: GroupedLosses,
    other: LossSum,
    compared: GroupedLosses,
) -> Document:
    whole = sum(v.us for (_, kind), v in compared.groups.items() if kind in query.kinds)
    share = share_of(total.us, losses.times.step_us("busy"))
    other_share = share_of(other.us, compared.times.step_us("busy"))
    is_known = share is not None and other_share is not None
    return {
        "seconds": other.us / 1e6,
        "stops": other.stops,
        "share": share_of(other.us, whole),
        "busy_share": other_share,
        "change_s": (total.us - other.us) / 1e6,
        "change_points": ((share or 0.0) - (other_share or 0.0)) * 100 if is_known else None,
    }


def _groups_by_own_keys(query: RankingQuery, compared: GroupedLosses) -> Mapping[Key, LossSum]:
    """Return the compared groups by the keys of the ranked ones.

    Lines and machines of another equipment correspond by their path below it.
    """
    assert query.compared is not None  # noqa: S101 - narrows what the caller has checked
    root, other = query.scope.roots[0].path, query.compared.roots[0].path
    if root == other:
        return compared.groups
    moved: dict[Key, LossSum] = {}
    for (values, kind), total in compared.groups.items():
        key = tuple(
            _move(value, other, root) if name in _PATHS else value
            for name, value in zip(query.dimensions, values, strict=True)
        )
        moved.setdefault((key, kind), LossSum()).add(total)
    return moved


def _move(path: str | Absent, old: str, new: str) -> str | Absent:
    """Return the path below `new`; paths above `old`, such as its plant, become those of `new`."""
    if isinstance(path, Absent):
        return path
    if path == old or path.startswith(f"{old}/"):
        return new + path[len(old) :]
    depth = path.count("/") + 1
    return "/".join(new.split("/")[:depth])


def _span(query: RankingQuery, scope: LossScope) -> Document:
    zone = query.time.zone
    return {
        "under": [root.path for root in scope.roots],
        "start": format_local(scope.span.start_us, zone),
        "end": format_local(scope.span.end_us, zone),
    }


def _totals(losses: GroupedLosses, groups: Mapping[Key, LossSum]) -> Document:
    times = losses.times
    return {
        "seconds": sum(total.us for total in groups.values()) / 1e6,
        "stops": sum(total.stops for total in groups.values()),
        **{f"{step}_s": times.step_us(step) / 1e6 for step in STEPS},
        "loss_s": times.loss_us / 1e6,
        "not_judged_s": times.not_judged_us / 1e6,
        "stop_s": losses.stop_us / 1e6,
        "untagged_s": losses.untagged_us / 1e6,
        "untagged_share": share_of(losses.untagged_us, losses.stop_us),
    }
