"""Changes of stops by people: enter, classify, split, merge, undo.

Each is done in the transaction of its request: the lock of the machine, a check of the version, the
entry in the audit log, the entries, the marks by which a worker computes the KPIs again. The answer
is read in the same transaction, so that it is stored with the change (`Idempotency-Key`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from fastapi import Request

from werknetz.domain.bucket import instant_of, microseconds_of
from werknetz.domain.state import MachineState
from werknetz.store.session import WriteSession, connection_of
from werknetz.store.shop_floor import entries as statements
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import AppContext
from werknetz_core.context.equipment_tree import EquipmentNode
from werknetz_core.http.problem import Problem
from werknetz_core.reasons.loading import load_reasons, plant_of, require_reason
from werknetz_core.stops import entries, refusals
from werknetz_core.stops.entries import NewEntry
from werknetz_core.stops.loading import MachineStop, load_stops
from werknetz_core.stops.lookup import find_stop, machine_of
from werknetz_core.stops.schemas import (
    Classification,
    NewStop,
    StopMerge,
    StopReference,
    StopsClassification,
    StopSplit,
    StopUndo,
)
from werknetz_core.stops.views import stop_item

ENTERED_MAX_US: Final = 31 * 86_400_000_000
_IDLE: Final = int(MachineState.IDLE)


@dataclass(frozen=True, slots=True)
class ChangedSpan:
    """What a change touched."""

    change_id: int
    equipment_id: int
    start_us: int
    end_us: int


async def enter_stop(
    body: NewStop, context: AppContext, session: WriteSession, principal: Principal
) -> ChangedSpan:
    """Enter a stop that the machine did not report."""
    node = await context.tree.find_node(body.equipment, principal)
    await refusals.require_machine(context, node)
    start_us, end_us = microseconds_of(body.start), microseconds_of(body.end)
    refusals.check_span(start_us, end_us, context.now_us(), ENTERED_MAX_US)
    effect = await _effect_of(context, node, body.reason, body.state, principal)
    entry = NewEntry(
        start_us, end_us, _IDLE if effect.state is None else effect.state, body.reason,
        effect.is_planned, body.comment, principal.name,
    )  # fmt: skip
    await entries.lock_machine(session, node.id)
    query = statements.entries_between(node.id, body.start, body.end)
    if overlapping := (await session.execute(query)).mappings().all():
        raise refusals.overlaps_entry(node, overlapping[0])
    stop_id = f"{node.id}-{start_us}"
    change_id = await record_change(
        session, principal, "entered", ("stop", stop_id), after=_summary_of(entry),
        equipment=node.path, reason=body.why,
    )  # fmt: skip
    await entries.write_entries(session, node.id, change_id, [entry])
    return ChangedSpan(change_id, node.id, start_us, end_us)


async def classify_stop(
    stop_id: str,
    body: Classification,
    context: AppContext,
    session: WriteSession,
    principal: Principal,
) -> ChangedSpan:
    """Give a stop a reason, a state, a comment; a null reason makes it unclassified again."""
    node, _ = await machine_of(context, stop_id, principal)
    effect = await _effect_of(context, node, body.reason, body.state, principal)
    item = await _load_locked(session, context, stop_id, body.version, principal)
    return await _classify(item, node, body, effect, session, principal)


async def classify_stops(
    body: StopsClassification, context: AppContext, session: WriteSession, principal: Principal
) -> list[ChangedSpan]:
    """Classify several stops, all or none of them; one that is named twice is changed once."""
    nodes = [(await machine_of(context, ref.id, principal))[0] for ref in body.stops]
    effects = {
        node.id: await _effect_of(context, node, body.reason, body.state, principal)
        for node in {node.id: node for node in nodes}.values()
    }
    for number in sorted(effects):  # in one order: two requests never wait for each other
        await entries.lock_machine(session, number)
    items: dict[str, tuple[MachineStop, EquipmentNode]] = {}
    for node, reference in zip(nodes, body.stops, strict=True):
        item = await _load_locked(session, context, reference.id, reference.version, principal)
        items[item.id] = (item, node)
    return [
        await _classify(item, node, body, effects[node.id], session, principal)
        for item, node in items.values()
    ]


async def _classify(
    item: MachineStop,
    node: EquipmentNode,
    body: Classification | StopsClassification,
    effect: "_Effect",
    session: WriteSession,
    principal: Principal,
) -> ChangedSpan:
    entry = _entry_for(item, effect, body, principal)
    change_id = await record_change(
        session, principal, "classified", ("stop", item.id), before=_summary_of(item),
        after=_summary_of(entry), equipment=node.path, reason=body.why,
    )  # fmt: skip
    await entries.write_entries(session, node.id, change_id, [entry])
    return ChangedSpan(change_id, node.id, entry.start_us, entry.end_us)


async def split_stop(
    stop_id: str,
    body: StopSplit,
    context: AppContext,
    session: WriteSession,
    principal: Principal,
) -> ChangedSpan:
    """Split a stop at an instant inside it; both parts have what the whole had."""
    node, _ = await machine_of(context, stop_id, principal)
    at_us = microseconds_of(body.at)
    item = await _load_locked(session, context, stop_id, body.version, principal)
    stop = item.stop
    if not stop.start_us < at_us < stop.end_us:
        raise refusals.split_outside(item, at_us)
    whole = _copy_of(item, body.comment, principal)
    first = _part_of(whole, stop.start_us, at_us)
    second = _part_of(whole, at_us, stop.end_us)
    change_id = await record_change(
        session, principal, "split", ("stop", item.id), before=_summary_of(item),
        after={"stops": [_summary_of(first), _summary_of(second)]},
        equipment=node.path, reason=body.why,
    )  # fmt: skip
    await entries.write_entries(session, node.id, change_id, [first, second])
    return ChangedSpan(change_id, node.id, stop.start_us, stop.end_us)


async def merge_stops(
    body: StopMerge, context: AppContext, session: WriteSession, principal: Principal
) -> ChangedSpan:
    """Make adjacent stops of one machine one stop."""
    node = await _common_machine(body.stops, context, principal)
    effect = await _effect_of(context, node, body.reason, body.state, principal)
    items = [
        await _load_locked(session, context, reference.id, reference.version, principal)
        for reference in body.stops
    ]
    items = sorted({item.id: item for item in items}.values(), key=lambda i: i.stop.start_us)
    refusals.check_adjacent(items)
    entry = _merged_entry(items, effect, body, principal)
    change_id = await record_change(
        session, principal, "merged", ("stop", items[0].id),
        before={"stops": [_summary_of(item) for item in items]}, after=_summary_of(entry),
        equipment=node.path, reason=body.why,
    )  # fmt: skip
    await entries.write_entries(session, node.id, change_id, [entry])
    return ChangedSpan(change_id, node.id, entry.start_us, entry.end_us)


async def undo_stop(
    stop_id: str,
    body: StopUndo,
    context: AppContext,
    session: WriteSession,
    principal: Principal,
) -> ChangedSpan:
    """Undo the last change of a stop; the change before it can be undone next."""
    node, _ = await machine_of(context, stop_id, principal)
    item = await _load_locked(session, context, stop_id, body.version, principal)
    if item.stop.version == 0:
        raise refusals.nothing_to_undo(item)
    query = statements.entries_of_change(item.stop.version)
    rows = (await session.execute(query)).mappings().all()
    in_force = [row for row in rows if row["known_to"] is None]
    starts = {row["start_at"] for row in in_force}
    if any(row["start_at"] not in starts for row in rows):
        raise refusals.changed_since(item)
    ended_query = statements.entries_ended_by(item.stop.version)
    ended = (await session.execute(ended_query)).mappings().all()
    change_id = await record_change(
        session, principal, "undone", ("stop", item.id), before=_summary_of(item),
        after={"undone_change": item.stop.version}, equipment=node.path, reason=body.why,
    )  # fmt: skip
    await session.execute(statements.end_entries([row["id"] for row in in_force], change_id))
    await entries.restore_entries(session, ended)
    touched = [*in_force, *ended]
    start_us = min(microseconds_of(row["start_at"]) for row in touched)
    end_us = max(microseconds_of(row["end_at"]) for row in touched)
    await entries.mark_span(session, node.id, start_us, end_us)
    return ChangedSpan(change_id, node.id, start_us, end_us)


async def change_view(
    context: AppContext, session: WriteSession, changed: ChangedSpan
) -> dict[str, Any]:
    """Return the stops that the transaction leaves where it made a change."""
    stops = await load_stops(
        context, [changed.equipment_id], changed.start_us, changed.end_us,
        transaction=await connection_of(session),
    )  # fmt: skip
    return {"change": changed.change_id, "stops": [stop_item(item) for item in stops]}


def expected_version(request: Request, version: int) -> int:
    """Return the version that the client saw: that of If-Match, else that of the body."""
    header = request.headers.get("if-match")
    if header is None:
        return version
    tag = header.strip().removeprefix("W/").strip('"')
    if not tag.isdecimal() or len(tag) > 18:
        raise Problem(
            422, "invalid_parameter", Sentence("shop_floor.no_version_of_stop", header=header),
            Sentence("shop_floor.send_etag"),
        )  # fmt: skip
    return int(tag)


@dataclass(frozen=True, slots=True)
class _Effect:
    """What a reason, or an explicit state, says about the time of a stop."""

    state: int | None
    is_planned: bool | None


async def _effect_of(
    context: AppContext,
    node: EquipmentNode,
    code: str | None,
    state: str | None,
    principal: Principal,
) -> _Effect:
    stated = None if state is None else int(MachineState[state.upper()])
    if code is None:
        return _Effect(stated, None)
    plant = plant_of(await context.tree.current(), node.path)
    reasons = await load_reasons(context.database)
    reason = require_reason(reasons, code, plant, "stop", principal)
    return _Effect(reason.code_effect.state if stated is None else stated, reason.planned_time)


async def _load_locked(
    session: WriteSession, context: AppContext, stop_id: str, version: int, principal: Principal
) -> MachineStop:
    """Return the stop as it is once nobody else changes it; raise 409 for an older version."""
    node, _ = await machine_of(context, stop_id, principal)
    await entries.lock_machine(session, node.id)
    item = await find_stop(context, stop_id, principal)
    if item.stop.version != version:
        raise refusals.changed_meanwhile(item, version)
    return item


async def _common_machine(
    references: Sequence[StopReference], context: AppContext, principal: Principal
) -> EquipmentNode:
    nodes = [(await machine_of(context, ref.id, principal))[0] for ref in references]
    if len({node.id for node in nodes}) > 1:
        raise refusals.different_machines([node.path for node in nodes])
    return nodes[0]


def _entry_for(
    item: MachineStop, effect: _Effect, body: Classification | StopsClassification, by: Principal
) -> NewEntry:
    """Return the entry that classifies the whole of a stop."""
    whole = _copy_of(item, body.comment, by)
    if body.is_comment_alone:
        return replace(whole, comment=body.comment)
    state = effect.state
    if state == whole.reported_state and item.reason_source != "code":
        state = None  # with the reason of a code it may be that reason's, not the machine's
    if state is None and whole.reported_state is None:
        state = whole.state  # there is nothing reported to go back to
    return NewEntry(
        whole.start_us, whole.end_us, state, body.reason, effect.is_planned, body.comment,
        by.name, whole.follows_start, whole.follows_end, item.is_open, whole.reported_state,
        whole.reported_code,
    )  # fmt: skip


def _copy_of(item: MachineStop, comment: str | None, by: Principal) -> NewEntry:
    """Return a stop as an entry, with what it has now."""
    stop, entry = item.stop, item.stop.entry
    if entry is None:
        return NewEntry(
            stop.start_us, stop.end_us, None, None, None, comment, by.name, True, True,
            item.is_open, stop.state, stop.code,
        )  # fmt: skip
    return NewEntry(
        stop.start_us, stop.end_us, entry.state, entry.reason, entry.is_planned,
        entry.comment if comment is None else comment, by.name, entry.follows_start,
        entry.follows_end, item.is_open, entry.reported_state,
        entry.reported_code,
    )  # fmt: skip


def _part_of(whole: NewEntry, start_us: int, end_us: int) -> NewEntry:
    is_last = end_us == whole.end_us
    return NewEntry(
        start_us, end_us, whole.state, whole.reason, whole.is_planned, whole.comment,
        whole.entered_by, whole.follows_start and start_us == whole.start_us,
        whole.follows_end and is_last, whole.is_open and is_last, whole.reported_state,
        whole.reported_code,
    )  # fmt: skip


def _merged_entry(
    items: Sequence[MachineStop], effect: _Effect, body: StopMerge, by: Principal
) -> NewEntry:
    parts = [_copy_of(item, body.comment, by) for item in items]
    states = {item.stop.state for item in items}
    state = effect.state
    if state is None:
        if len(states) > 1:
            raise refusals.states_differ(states)
        state = states.pop()
    reasons = {item.reason_code for item in items}
    reason = body.reason or (reasons.pop() if len(reasons) == 1 else None)
    is_planned = effect.is_planned if body.reason else parts[0].is_planned
    reported = {(part.reported_state, part.reported_code) for part in parts}
    reported_state, reported_code = reported.pop() if len(reported) == 1 else (None, None)
    return NewEntry(
        parts[0].start_us, parts[-1].end_us, state, reason, is_planned, parts[0].comment, by.name,
        parts[0].follows_start, parts[-1].follows_end, items[-1].is_open, reported_state,
        reported_code,
    )  # fmt: skip


def _summary_of(source: NewEntry | MachineStop) -> dict[str, Any]:
    """Return what the audit log shows of a stop."""
    if isinstance(source, MachineStop):
        stop, reason = source.stop, source.reason_code
        comment = None if stop.entry is None else stop.entry.comment
        state: int | None = stop.state
        start_us, end_us = stop.start_us, stop.end_us
    else:
        start_us, end_us, reason, comment = (
            source.start_us, source.end_us, source.reason, source.comment,
        )  # fmt: skip
        state = source.reported_state if source.state is None else source.state
    return {
        "start": instant_of(start_us).isoformat(),
        "end": instant_of(end_us).isoformat(),
        "state": None if state is None else MachineState(state).label,
        "reason": reason,
        "comment": comment,
    }
