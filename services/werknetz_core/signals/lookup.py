"""Finds signals by id or key, among those that the key may see."""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from werknetz.store.session import ReadSession
from werknetz.store.tables import equipment, signals
from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import Principal
from werknetz_core.http.problem import Problem
from werknetz_core.signals.schemas import SignalView

_ID_MAX: Final = 2**31 - 1
SIGNALS: Final[sa.Select[Any]] = sa.select(
    signals, equipment.c.path.label("equipment")
).select_from(signals.outerjoin(equipment, equipment.c.id == signals.c.equipment_id))

WORDS_DESCRIPTION: Final = "Words; each is part of the key, name, role or path of the equipment."


def word_conditions(words: str) -> list[sa.ColumnElement[bool]]:
    """Return the conditions for signals in which each word occurs, in any case of letters."""
    columns = (signals.c.key, signals.c.name, signals.c.role, equipment.c.path)
    return [
        sa.or_(*(column.icontains(word, autoescape=True) for column in columns))
        for word in words.split()
    ]


def valid_ids(ids: Sequence[int]) -> list[int]:
    """Return those that the column can hold: no other is the id of a signal."""
    return [number for number in ids if 0 < number <= _ID_MAX]


async def load_signal(signal_id: int, session: ReadSession, principal: Principal) -> SignalView:
    """Return the signal; raise 404 for an unknown one, 403 for one of another plant."""
    if not 0 < signal_id <= _ID_MAX:
        raise _unknown_signal(str(signal_id))
    row = (await session.execute(SIGNALS.where(signals.c.id == signal_id))).mappings().first()
    return _visible(row, str(signal_id), principal)


async def load_signals(
    names: Sequence[str], session: ReadSession, principal: Principal
) -> list[SignalView]:
    """Return the signals with these ids or keys, each once, in this order; raise 404, 403."""
    ids = [int(name) for name in names if _is_id(name)]
    query = SIGNALS.where(sa.or_(signals.c.id.in_(ids), signals.c.key.in_(names)))
    rows: dict[str, sa.RowMapping] = {}
    for row in (await session.execute(query)).mappings():
        rows |= {str(row["id"]): row, row["key"]: row}
    views = [_visible(rows.get(name.lstrip("0") or name), name, principal) for name in names]
    return list({view.id: view for view in views}.values())


def _is_id(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) <= 10 and 0 < int(name) <= _ID_MAX


def _visible(row: sa.RowMapping | None, name: str, principal: Principal) -> SignalView:
    if row is None:
        raise _unknown_signal(name)
    if row["equipment"] is None:
        principal.require_all_plants()
    else:
        principal.require_equipment(row["equipment"])
    return SignalView(**row)


def _unknown_signal(name: str) -> Problem:
    return Problem(
        404,
        "unknown_signal",
        Sentence("equipment.unknown_signal", name=name),
        Sentence("equipment.list_signals"),
    )
