"""Changes of equipment by people: name, rename, move in the tree, retire, put back in service."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from werknetz.domain.bucket import bucket_of, instant_of, microseconds_of
from werknetz.domain.path import LEVELS, EquipmentPath
from werknetz.store.equipment import lifetimes as statements
from werknetz.store.session import WriteSession
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.audit.record import record_change
from werknetz_core.context.app_context import AppContext
from werknetz_core.equipment.schemas import EquipmentChange
from werknetz_core.http.problem import Problem

_HABITS: Final = {"language": statements.SET_LANGUAGE, "clock": statements.SET_CLOCK}
"""What a plant has beside its name, and what sets it."""
_MOVE_BACK_MAX_US: Final = 400 * 86_400_000_000


async def change_equipment(
    path: str, body: EquipmentChange, context: AppContext, principal: Principal
) -> str:
    """Change one equipment with all below it; return its path afterwards."""
    node = await context.tree.find_node(path, principal)
    if not body.model_fields_set & {"name", "path", "valid_to", *_HABITS}:
        raise _invalid(
            "name", Sentence("equipment.nothing_to_change"), Sentence("equipment.send_a_change")
        )
    if node.level != "plant" and (of_plants := _HABITS.keys() & body.model_fields_set):
        raise _invalid(
            min(of_plants), Sentence("equipment.of_plants", path=node.path, level=node.level),
            Sentence("equipment.send_for_plant"),
        )  # fmt: skip
    if {"path", "valid_to"} <= body.model_fields_set:
        raise _invalid(
            "valid_to",
            Sentence("equipment.move_and_retire"),
            Sentence("equipment.send_two_requests"),
        )
    async with context.database.write_session() as session:
        result = await session.execute(statements.FIND_FOR_CHANGE, {"path": node.path})
        row = result.mappings().one_or_none()
        if row is None:
            raise _changed_meanwhile(node.path)
        current = dict(row)
        after = node.path
        before: dict[str, Any] = {}
        if body.name is not None and body.name != current["name"]:
            await session.execute(statements.SET_NAME, {"id": node.id, "name": body.name})
            before["name"] = current["name"]
        before |= await _set_habits(session, current, body)
        if body.path is not None and body.path != node.path:
            before["path"] = node.path
            after = await _place(session, current, body, context, principal)
        if "valid_to" in body.model_fields_set and body.valid_to != current["valid_to"]:
            before["valid_to"] = _text(current["valid_to"])
            await _retire(session, current, body.valid_to)
        if before:
            await record_change(
                session, principal, "changed", ("equipment", node.path), before=before,
                after=_after(body, before), equipment=after, reason=body.reason,
            )  # fmt: skip
    await context.tree.refresh()
    return after


async def _set_habits(
    session: WriteSession, current: Mapping[str, Any], body: EquipmentChange
) -> dict[str, Any]:
    """Set language and clock of a plant; return what they were, of those that change."""
    before = {
        name: current[name]
        for name in sorted(_HABITS.keys() & body.model_fields_set)
        if getattr(body, name) != current[name]
    }
    for name in before:
        await session.execute(_HABITS[name], {"id": current["id"], "value": getattr(body, name)})
    return before


def _after(body: EquipmentChange, before: Mapping[str, Any]) -> dict[str, Any]:
    values = {
        "name": body.name, "path": body.path, "valid_to": _text(body.valid_to),
        "language": body.language, "clock": body.clock,
    }  # fmt: skip
    after = {name: values[name] for name in before}
    return after | ({"valid_from": _text(body.valid_from)} if body.valid_from else {})


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _check_place(new: EquipmentPath, old: EquipmentPath) -> None:
    """Raise 422 for a path of another level, of another enterprise or below itself."""
    if len(new.segments) != len(old.segments) or len(new.segments) == 1:
        raise _invalid(
            "path",
            Sentence(
                "equipment.other_level", new=new, new_level=new.level, old=old, old_level=old.level
            ),
            Sentence("equipment.move_within_level"),
        )
    if old.level == "plant" and new.parent != old.parent:
        raise _invalid(
            "path", Sentence("equipment.plant_stays", old=old),
            Sentence("equipment.rename_or_retire"),
        )  # fmt: skip
    if str(new).startswith(f"{old}/"):
        raise _invalid(
            "path",
            Sentence("equipment.below_itself", new=new, old=old),
            Sentence("equipment.choose_parent"),
        )


async def _place(
    session: WriteSession,
    current: Mapping[str, Any],
    body: EquipmentChange,
    context: AppContext,
    principal: Principal,
) -> str:
    """Rename the equipment, or move it below another one."""
    new = _parse(body.path or "")
    old = EquipmentPath.parse(current["path"])
    principal.require_equipment(str(new))
    if current["valid_to"] is not None:
        raise Problem(
            409, "retired", Sentence("equipment.retired", old=old),
            Sentence("equipment.put_back"),
        )  # fmt: skip
    _check_place(new, old)
    tree = await context.tree.refresh()
    if str(new) in tree.nodes:
        raise Problem(
            409,
            "path_in_use",
            Sentence("equipment.path_in_use", new=new),
            Sentence("equipment.choose_path"),
        )
    if str(new.parent) not in tree.nodes:
        raise _invalid(
            "path",
            Sentence("equipment.no_parent", parent=new.parent),
            Sentence("equipment.choose_another"),
        )
    spans = {"path": str(old), "new": str(new)}
    await session.execute(statements.DELETE_ALIASES_OF_NEW, spans)
    if new.parent == old.parent:
        if body.valid_from is not None:
            raise _invalid(
                "valid_from",
                Sentence("equipment.name_holds_at_once"),
                Sentence("equipment.leave_valid_from_out"),
            )
        await _rename(session, current, old, new, is_named="name" in body.model_fields_set)
    else:
        await _move(session, old, new, body.valid_from, context.now_us())
    return str(new)


async def _rename(
    session: WriteSession,
    current: Mapping[str, Any],
    old: EquipmentPath,
    new: EquipmentPath,
    *,
    is_named: bool,
) -> None:
    spans = {"path": str(old), "new": str(new)}
    await session.execute(statements.ADD_ALIASES, {"path": str(old)})
    await session.execute(statements.RENAME, spans)
    if old.level == "plant":
        await session.execute(statements.RENAME_IN_KEYS, spans)
    if not is_named and current["name"] == old.name:
        await session.execute(statements.SET_NAME, {"id": current["id"], "name": new.name})


async def _move(
    session: WriteSession,
    old: EquipmentPath,
    new: EquipmentPath,
    valid_from: datetime | None,
    now_us: int,
) -> None:
    at_us = now_us if valid_from is None else microseconds_of(valid_from)
    if not now_us - _MOVE_BACK_MAX_US <= at_us <= now_us:
        raise _invalid(
            "valid_from", Sentence("equipment.move_not_past"), Sentence("equipment.correct_instant")
        )
    # Elements are of quarter hours: a machine is at one place in each.
    spans = {"path": str(old), "new": str(new), "at": instant_of(bucket_of(at_us))}
    for level in LEVELS[len(old.segments) - 1 :]:
        await session.execute(statements.ADD_MOVED, {**spans, "level": level})
    for statement in statements.MOVE_ALONG:
        names = statement.compile().params
        await session.execute(statement, {name: spans[name] for name in names})
    await session.execute(statements.MARK_COMPUTED, {"path": str(old), "at": spans["at"]})
    await session.execute(statements.MARK_SINCE, {"path": str(new), "at": spans["at"]})


async def _retire(
    session: WriteSession, current: Mapping[str, Any], valid_to: datetime | None
) -> None:
    """Retire the equipment and all below it that is in service, or put it back."""
    if current["moved_to"] is not None:
        raise Problem(
            409, "moved", Sentence("equipment.moved", path=current["path"]),
            Sentence("equipment.change_at_present_path"),
        )  # fmt: skip
    if valid_to is not None and valid_to < current["valid_from"] and current["moved_from"]:
        raise _invalid(
            "valid_to", Sentence("equipment.before_move"), Sentence("equipment.correct_instant")
        )
    path, before = current["path"], current["valid_to"]
    await session.execute(statements.RETIRE, {"path": path, "at": valid_to, "before": before})
    instants = [at for at in (before, valid_to) if at is not None]
    await session.execute(statements.MARK_COMPUTED, {"path": path, "at": min(instants)})
    if before is not None and (valid_to is None or valid_to > before):
        await session.execute(statements.MARK_SINCE, {"path": path, "at": before})


def _parse(text: str) -> EquipmentPath:
    try:
        return EquipmentPath.parse(text)
    except ValueError as error:
        raise _invalid(
            "path", Sentence("equipment.invalid_path", error=error), Sentence("equipment.use_path")
        ) from error


def _invalid(field: str, detail: str, hint: str) -> Problem:
    errors = [{"pointer": f"/{field}", "code": "invalid", "detail": detail}]
    return Problem(422, "invalid_change", detail, hint, errors=errors)


def _changed_meanwhile(path: str) -> Problem:
    return Problem(
        409,
        "changed_meanwhile",
        Sentence("equipment.changed_meanwhile", path=path),
        Sentence("requests.try_again"),
    )


def moved_columns(equipment: sa.Table) -> list[sa.Label[Any]]:
    """Return the paths where an equipment was before, and where it is after a move."""
    columns = []
    for name in ("moved_from", "moved_to"):
        other = equipment.alias(f"{name}_equipment")
        path = sa.select(other.c.path).where(other.c.id == equipment.c[name]).scalar_subquery()
        columns.append(path.label(f"{name}_path"))
    return columns
