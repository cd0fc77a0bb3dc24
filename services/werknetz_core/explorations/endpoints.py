"""Explorations: an engineer asks an edge what an OPC UA server offers.

The edge is in the plant's network and decides what may be reached; the core only forwards.
"""

from typing import Annotated, Final
from uuid import uuid4

from fastapi import APIRouter, Depends, Path, Response

from werknetz.link.exploration import ExplorationRequest
from werknetz.texts.sentence import Sentence
from werknetz_core.access.require import MayExploreSources
from werknetz_core.audit.record import record_at_once
from werknetz_core.connectors.endpoints import find_connector
from werknetz_core.connectors.reported import ReportedStatus, load_reported
from werknetz_core.context.app_context import ContextDep, ReadSessionDep, WriteSessionDep
from werknetz_core.context.polling import refuse_unknown_parameters
from werknetz_core.explorations.requests import (
    edge_unreachable,
    load_result,
    send_request,
    view_of,
)
from werknetz_core.explorations.schemas import ExplorationView, NewExploration
from werknetz_core.http.problem import Problem
from werknetz_core.idempotency.route import OnceRoute

router = APIRouter(tags=["connectors"], route_class=OnceRoute)
STRICT: Final = [Depends(refuse_unknown_parameters)]
ExplorationId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", examples=["0" * 32])]


@router.post("/connectors/{connector}/explorations", status_code=202, dependencies=STRICT)
async def start_exploration(
    connector: str,
    new: NewExploration,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayExploreSources,
    response: Response,
) -> ExplorationView:
    """Ask the edge of a connector to explore an OPC UA server; read the result by its id.

    The edge file allows hosts (`explore.hosts`), none by default, and names the hosts of each
    password. What an edge has not begun within a minute, it does not begin.
    """
    await find_connector(session, principal, connector)
    _check_explores(connector, (await load_reported(context.redis, [connector]))[connector])
    request = ExplorationRequest(
        uuid4().hex, new.action, new.model_dump(exclude={"action"}, exclude_none=True)
    )
    # What the edge does cannot be undone: the entry must be there before the edge knows of it.
    await record_at_once(
        context.database, principal,
        "trust_requested" if new.action == "trust" else "exploration_requested",
        ("connector", connector), after={"action": request.action, **request.parameters},
    )  # fmt: skip
    waiting = await send_request(context.redis, connector, request)
    response.headers["Location"] = f"/api/v1/connectors/{connector}/explorations/{request.id}"
    return view_of(connector, waiting, context.now_us())


@router.get("/connectors/{connector}/explorations/{exploration_id}", dependencies=STRICT)
async def show_exploration(
    connector: str,
    exploration_id: ExplorationId,
    context: ContextDep,
    session: ReadSessionDep,
    principal: MayExploreSources,
) -> ExplorationView:
    """Show what became of an exploration. Results are kept for ten minutes."""
    await find_connector(session, principal, connector)
    result = await load_result(context.redis, connector, exploration_id)
    if result is None:
        raise Problem(
            404,
            "unknown_exploration",
            Sentence("system.unknown_exploration", exploration_id=exploration_id),
            Sentence("system.explore_again"),
        )
    return view_of(connector, result, context.now_us())


def _check_explores(connector: str, reported: ReportedStatus) -> None:
    """Raise 409 for an edge that does not run, or whose file allows no host; 503 if not known."""
    if not reported.is_known:
        raise edge_unreachable()
    if reported.live is None:
        raise Problem(
            409, "edge_silent", Sentence("system.edge_silent", connector=connector),
            Sentence("system.start_edge"),
        )  # fmt: skip
    if not reported.live.current_report.explores:
        raise Problem(
            409, "exploring_not_allowed", Sentence("system.explores_nothing", connector=connector),
            Sentence("system.allow_hosts"),
        )  # fmt: skip
