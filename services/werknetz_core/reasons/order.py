"""The order of reasons among their siblings."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from werknetz.store.session import WriteSession
from werknetz.store.tables import reasons
from werknetz.texts.sentence import Sentence
from werknetz_core.http.problem import Problem

STEP: Final = 10
"""Between the positions of two neighbours, so that others fit between."""

_R: Final = reasons.c


async def set_order(session: WriteSession, codes: Sequence[str], plant_id: int | None) -> list[str]:
    """Give reasons of one owner positions in the order of their codes; return the former order."""
    is_named = [_R.equipment_id.is_not_distinct_from(plant_id), _R.code.in_(codes)]
    query = sa.select(_R.code).where(*is_named).order_by(_R.position, _R.code).with_for_update()
    former = list((await session.scalars(query)).all())
    codes_of_group = set(former)
    for place, code in enumerate(codes):
        if code not in codes_of_group:
            raise _invalid(place, Sentence("shop_floor.unknown_reason", name=code))
        if code in codes[:place]:
            raise _invalid(place, Sentence("shop_floor.named_twice", name=code))
    place_of = sa.func.array_position(sa.cast(list(codes), pg.ARRAY(sa.Text)), _R.code)
    await session.execute(sa.update(reasons).where(*is_named).values(position=place_of * STEP))
    return former


def _invalid(place: int, detail: Sentence) -> Problem:
    errors = [{"pointer": f"/body/codes/{place}", "code": "invalid", "detail": detail}]
    hint = Sentence("shop_floor.list_reasons")
    return Problem(422, "invalid_parameter", detail, hint, errors=errors)
