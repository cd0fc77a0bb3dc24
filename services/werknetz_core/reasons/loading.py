"""Loads the reasons and answers why one cannot be used."""

import difflib
from collections.abc import Iterable
from typing import Final

import asyncpg

from werknetz.kpi.stops.reasons import Reason, ReasonRejected, ReasonTree
from werknetz.store.session import Database
from werknetz.store.shop_floor.reasons import REASONS
from werknetz.texts.sentence import Sentence, sentence_of
from werknetz_core.access.keys import Principal
from werknetz_core.context.equipment_tree import EquipmentTree
from werknetz_core.http.problem import Problem, invalid_parameter

_PLANT: Final = "plant"


async def load_reasons(database: Database) -> ReasonTree:
    return ReasonTree([_to_reason(row) for row in await database.fetch(REASONS)])


def _to_reason(row: asyncpg.Record) -> Reason:
    return Reason(*row)


def plant_of(tree: EquipmentTree, path: str) -> str | None:
    """Return the path of the plant that an equipment belongs to; None: it is above plants."""
    ancestor = path
    while ancestor:
        node = tree.nodes.get(ancestor)
        if node is not None and node.level == _PLANT:
            return ancestor
        ancestor = ancestor.rpartition("/")[0]
    return None


def require_reason(
    reasons: ReasonTree, code: str, plant: str | None, kind: str, principal: Principal
) -> Reason:
    """Return a reason for an entry at a plant; raise 422."""
    try:
        return reasons.require(code, plant, kind)
    except ReasonRejected as error:
        raise reason_problem(error, principal) from error


def check_reason_filter(reasons: ReasonTree, codes: Iterable[str], principal: Principal) -> None:
    """Raise 422 for a code that no reason has: a filter with it would silently find nothing."""
    plants = [plant for plant in reasons.plants if principal.can_see(plant)]
    known_codes = {code for plant in (None, *plants) for code in reasons.of_plant(plant)}
    for code in codes:
        if code not in known_codes:
            near = difflib.get_close_matches(code.casefold(), known_codes, n=3, cutoff=0.5)
            hint = (
                Sentence("requests.did_you_mean", near=[*near])
                if near
                else Sentence("shop_floor.list_reasons")
            )
            raise invalid_parameter(
                "reason", Sentence("shop_floor.unknown_reason", name=code), hint
            )


def reason_problem(error: ReasonRejected, principal: Principal) -> Problem:
    detail, code = sentence_of(error), error.code
    if code == "reason_of_other_plant" and principal.plants is not None:
        # A key of one plant does not learn what other plants have.
        code, detail = "unknown_reason", Sentence("shop_floor.unknown_reason_of_key")
    errors = [{"pointer": "/body/reason", "code": code, "detail": detail}]
    return Problem(422, code, detail, error.remedy, errors=errors)
