"""`GET /stream`: values, states, KPIs and connectors as they change, by server-sent events."""

import difflib
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from werknetz.texts.sentence import Sentence
from werknetz_core.access.keys import KeyCache, key_from_request
from werknetz_core.access.permissions import Permission
from werknetz_core.access.principal import Principal
from werknetz_core.access.require import MayRead
from werknetz_core.context.app_context import AppContext, ContextDep
from werknetz_core.http.problem import Problem, invalid_parameter
from werknetz_core.sessions.cookies import token_from_request
from werknetz_core.stream.poller import Pollers
from werknetz_core.stream.position import CHARACTERS_MAX, parse_position
from werknetz_core.stream.reader import Reader
from werknetz_core.stream.slots import StreamSlots
from werknetz_core.stream.topics import EQUIPMENT_MAX, StreamTopic, Watch, nodes_of

router = APIRouter(tags=["stream"])
PATHS_MAX: Final = 50


class OpenStreams:
    """The streams of one process."""

    def __init__(self) -> None:
        self.slots = StreamSlots()
        self.pollers = Pollers()


async def open_reader(
    *,
    request: Request,
    context: ContextDep,
    principal: MayRead,
    equipment: Annotated[
        list[str],
        Query(
            min_length=1,
            max_length=PATHS_MAX,
            description="Equipment path: this equipment and all below it. Repeated: each of them.",
        ),
    ],
    topics: Annotated[
        list[str],
        Query(
            description=f"Of {', '.join(StreamTopic)}; comma-separated or repeated. Each of them."
        ),
    ] = ["values", "states"],  # noqa: B006 - FastAPI copies
    last_event_id: Annotated[
        str | None,
        Header(max_length=CHARACTERS_MAX, description="The id of the last event that was read."),
    ] = None,
) -> AsyncIterator[Reader]:
    """Check the request before the answer begins, and hold a slot while it lasts.

    A stream is no request in flight: it would take one of the few slots of its key for hours.
    """
    streams: OpenStreams = request.app.state.streams
    paths = {(await context.tree.find_node(path, principal)).path for path in equipment}
    watch = Watch(tuple(sorted(paths)), parse_topics(topics), principal.plants)
    if (number := len(await nodes_of(context, watch))) > EQUIPMENT_MAX:
        raise _too_wide(number)
    if StreamTopic.KPIS in watch.topics and context.redis is None:
        raise _no_redis()
    with streams.slots.hold(principal.key_id):
        context.admission.leave(request.scope)
        async with streams.pollers.reading(context, watch) as poller:

            async def find_end() -> str | None:
                return await find_end_of_rights(request, context, principal)

            yield Reader(poller, find_end, parse_position(last_event_id))


@router.get("/stream", response_class=EventSourceResponse)
async def stream_changes(
    reader: Annotated[Reader, Depends(open_reader)],
) -> AsyncIterator[ServerSentEvent]:
    """Send what changes, as server-sent events, at most twice a second for each item.

    An event has the name of its topic; its data are `items` that are new or other, and the keys of
    those that are gone (`removed`). First comes the present state; with Last-Event-ID, only of the
    topics that have changed since. `kpis` has the equipment whose KPIs may have changed. The event
    `end` has the `reason` why the server ends the stream. A comment every 15 s shows that the
    server is there.
    """
    async for event in reader.events():
        yield event


def parse_topics(values: Sequence[str]) -> tuple[StreamTopic, ...]:
    """Return the topics in their order; raise 422 with the nearest name for another word."""
    names = {name.strip() for value in values for name in value.split(",") if name.strip()}
    for name in sorted(names - set(StreamTopic)):
        near = difflib.get_close_matches(name, list(StreamTopic), n=1)
        hint = (
            Sentence("requests.did_you_mean", near=near[0])
            if near
            else Sentence("requests.topics", topics=[*StreamTopic])
        )
        raise invalid_parameter("topics", Sentence("requests.unknown_topic", name=name), hint)
    if not names:
        raise invalid_parameter(
            "topics",
            Sentence("requests.no_topic"),
            Sentence("requests.topics", topics=[*StreamTopic]),
        )
    return tuple(topic for topic in StreamTopic if topic in names)


async def find_end_of_rights(
    request: Request, context: AppContext, opened_by: Principal
) -> str | None:
    """Return why the reader may not read on; None: it may."""
    keys: KeyCache = context.keys
    key, token = key_from_request(request), token_from_request(request)
    if key is not None:
        principal = await keys.authenticate(key)
    else:
        principal = await context.sessions.authenticate(token) if token is not None else None
    if principal is None:
        return "not_authenticated"
    if principal.plants != opened_by.plants or not principal.may(Permission.READ):
        return "rights_changed"
    return None


def _too_wide(number: int) -> Problem:
    return Problem(
        422,
        "query_too_wide",
        Sentence("requests.stream_too_wide", number=number, maximum=EQUIPMENT_MAX),
        Sentence("requests.stream_less"),
    )


def _no_redis() -> Problem:
    return Problem(
        503,
        "redis_not_configured",
        Sentence("system.redis_not_configured"),
        Sentence("system.leave_kpis_out"),
        headers={"Retry-After": "30"},
    )
