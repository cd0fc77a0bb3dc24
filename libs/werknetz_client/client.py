"""The Python client: `AsyncClient`, and `Client`, the same without `await`."""

from collections.abc import AsyncIterator
from typing import Any, Self

import httpx2

from werknetz_client.access.users import AsyncSessions, AsyncUsers
from werknetz_client.audit.log import AsyncAudit
from werknetz_client.blocking import Blocking, LoopThread, blocking, blocking_iterator
from werknetz_client.calendars import AsyncCalendars
from werknetz_client.collections import (
    AsyncApiKeys,
    AsyncEquipment,
    AsyncKpis,
    AsyncSignals,
    Names,
    Row,
)
from werknetz_client.feeds.events import AsyncEvents
from werknetz_client.feeds.samples import AsyncSamples
from werknetz_client.feeds.stream import StreamEvent, stream_events
from werknetz_client.frame import Library, frame_of
from werknetz_client.kpi_definitions import AsyncKpiDefinitions
from werknetz_client.performance import (
    AsyncCapacities,
    AsyncEnergyCarriers,
    AsyncLosses,
    AsyncTargets,
)
from werknetz_client.resources import AsyncResources, Collection, EditableCollection, Resources
from werknetz_client.stops import AsyncQuantities, AsyncShiftReports, AsyncStops
from werknetz_client.transport import Transport

__all__ = [
    "AsyncClient", "Audit", "Calendars", "Capacities", "Client", "Collection", "EditableCollection",
    "EnergyCarriers", "Equipment", "KpiDefinitions", "Kpis", "Losses", "Quantities", "Row",
    "ShiftReports", "Signals", "Stops", "Targets",
]  # fmt: skip


class AsyncClient(AsyncResources):
    """The platform, from Python: `async with AsyncClient() as client`."""

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout_s: float = 30.0,
        transport: httpx2.AsyncBaseTransport | None = None,
        language: str | None = None,
    ) -> None:
        """`language`: of sentences, such as "de"; default: English."""
        super().__init__(
            Transport(url, key, timeout_s=timeout_s, transport=transport, language=language)
        )
        self.signals = AsyncSignals(self.transport, "signals")
        self.equipment = AsyncEquipment(self.transport, "equipment")
        self.samples = AsyncSamples(self.transport, "samples")
        self.events = AsyncEvents(self.transport, "events")
        self.kpis = AsyncKpis(self.transport)
        self.kpi_definitions = AsyncKpiDefinitions(self.transport, "kpi_definitions")
        self.calendars = AsyncCalendars(self.transport)
        self.losses = AsyncLosses(self.transport)
        self.targets = AsyncTargets(self.transport, "targets")
        self.equipment_capacities = AsyncCapacities(self.transport, "equipment_capacities")
        self.energy_carriers = AsyncEnergyCarriers(self.transport, "energy_carriers")
        self.stops = AsyncStops(self.transport, "stops")
        self.quantity_entries = AsyncQuantities(self.transport, "quantity_entries")
        self.shift_reports = AsyncShiftReports(self.transport)
        self.audit = AsyncAudit(self.transport, "audit")
        self.api_keys = AsyncApiKeys(self.transport, "api_keys")
        self.users = AsyncUsers(self.transport, "users")
        self.sessions = AsyncSessions(self.transport, "sessions")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self.transport.close()

    def stream(
        self, equipment: Names, topics: Names = ("values", "states"), *, last_id: str | None = None
    ) -> AsyncIterator[StreamEvent]:
        """Yield changes as they happen, over reconnects; topics: values, states, kpis, connectors.

        `last_id`: the id of the last event of an earlier stream.
        """
        return stream_events(self.transport, equipment, topics, last_id=last_id)

    async def get(self, /, path: str, **parameters: object) -> Any:
        """Get any route, such as /quarantine/groups."""
        return await self.transport.get(path, parameters)

    async def post(self, path: str, body: object) -> Any:
        """Send a body to any route, such as /mappings:diff; return the answer."""
        return await self.transport.post(path, body)

    async def put(self, path: str, body: object) -> Any:
        """Set the item at a path, such as /suppliers/kirchhoff; return its new form."""
        return await self.transport.put(path, body)


class Equipment(Blocking[AsyncEquipment]):
    """Equipment: `change` sets fields of one; `states` and `counts` are what a machine did."""

    iter = blocking_iterator(AsyncEquipment.iter)
    csv = blocking_iterator(AsyncEquipment.csv)
    get = blocking(AsyncEquipment.get)
    list = blocking(AsyncEquipment.list)
    frame = blocking(AsyncEquipment.frame)
    change = blocking(AsyncEquipment.change)
    states = blocking_iterator(AsyncEquipment.states)
    counts = blocking(AsyncEquipment.counts)
    counts_csv = blocking_iterator(AsyncEquipment.counts_csv)


class Signals(Blocking[AsyncSignals]):
    iter = blocking_iterator(AsyncSignals.iter)
    csv = blocking_iterator(AsyncSignals.csv)
    get = blocking(AsyncSignals.get)
    list = blocking(AsyncSignals.list)
    frame = blocking(AsyncSignals.frame)
    samples = blocking_iterator(AsyncSignals.samples)
    change = blocking(AsyncSignals.change)


class SamplesOfSignals(Blocking[AsyncSamples]):
    """Samples of several signals at once: see `AsyncSamples`."""

    iter = blocking_iterator(AsyncSamples.iter)
    list = blocking(AsyncSamples.list)
    frame = blocking(AsyncSamples.frame)
    csv = blocking_iterator(AsyncSamples.csv)


class Events(Blocking[AsyncEvents]):
    """Business events: `iter`, `list`, `get` with its message, and `batch` to send some."""

    iter = blocking_iterator(AsyncEvents.iter)
    list = blocking(AsyncEvents.list)
    frame = blocking(AsyncEvents.frame)
    get = blocking(AsyncEvents.get)
    batch = blocking(AsyncEvents.batch)


class Kpis(Blocking[AsyncKpis]):
    """KPI definitions and values."""

    definitions = blocking(AsyncKpis.definitions)
    values = blocking(AsyncKpis.values)
    answer = blocking(AsyncKpis.answer)
    csv = blocking_iterator(AsyncKpis.csv)
    explain = blocking(AsyncKpis.explain)

    def frame(
        self,
        kpi: Names,
        equipment: Names = (),
        *,
        start: str | None = None,
        library: Library | None = None,
        **options: object,
    ) -> Any:
        """Return values as a polars or pandas data frame; options: end, granularity, tz."""
        return frame_of(self.values(kpi, equipment, start=start, **options), library)


class Calendars(Blocking[AsyncCalendars]):
    """Shift calendars: `list`, `put`, `preview`, `delete`, iCalendar out and in."""

    list = blocking(AsyncCalendars.list)
    put = blocking(AsyncCalendars.put)
    preview = blocking(AsyncCalendars.preview)
    delete = blocking(AsyncCalendars.delete)
    export_ics = blocking(AsyncCalendars.export_ics)
    import_ics = blocking(AsyncCalendars.import_ics)


class KpiDefinitions(Blocking[AsyncKpiDefinitions]):
    """Own KPIs: `list`, `iter`, `get` with versions, `test`, `put`, `retire`, KPI-ML."""

    iter = blocking_iterator(AsyncKpiDefinitions.iter)
    csv = blocking_iterator(AsyncKpiDefinitions.csv)
    get = blocking(AsyncKpiDefinitions.get)
    list = blocking(AsyncKpiDefinitions.list)
    frame = blocking(AsyncKpiDefinitions.frame)
    test = blocking(AsyncKpiDefinitions.test)
    put = blocking(AsyncKpiDefinitions.put)
    retire = blocking(AsyncKpiDefinitions.retire)
    export_kpi_ml = blocking(AsyncKpiDefinitions.export_kpi_ml)


class Losses(Blocking[AsyncLosses]):
    """Loss times, rankings of losses, the overview of equipment, and comparisons of plants."""

    times = blocking(AsyncLosses.times)
    times_csv = blocking_iterator(AsyncLosses.times_csv)
    ranking = blocking(AsyncLosses.ranking)
    csv = blocking_iterator(AsyncLosses.csv)
    overview = blocking(AsyncLosses.overview)
    comparison = blocking(AsyncLosses.comparison)


class Targets(Blocking[AsyncTargets]):
    """Targets: `list` with their current state, `show` with contributions, `put`, `withdraw`."""

    iter = blocking_iterator(AsyncTargets.iter)
    list = blocking(AsyncTargets.list)
    frame = blocking(AsyncTargets.frame)
    show = blocking(AsyncTargets.show)
    put = blocking(AsyncTargets.put)
    withdraw = blocking(AsyncTargets.withdraw)


class EnergyCarriers(Blocking[AsyncEnergyCarriers]):
    """Factors of energy carriers: `iter`, `list`, `put`, `delete`."""

    iter = blocking_iterator(AsyncEnergyCarriers.iter)
    csv = blocking_iterator(AsyncEnergyCarriers.csv)
    list = blocking(AsyncEnergyCarriers.list)
    frame = blocking(AsyncEnergyCarriers.frame)
    put = blocking(AsyncEnergyCarriers.put)
    delete = blocking(AsyncEnergyCarriers.delete)


class Capacities(Blocking[AsyncCapacities]):
    """What machines can produce in an hour: `iter`, `list`, `put`, `delete`."""

    iter = blocking_iterator(AsyncCapacities.iter)
    csv = blocking_iterator(AsyncCapacities.csv)
    list = blocking(AsyncCapacities.list)
    frame = blocking(AsyncCapacities.frame)
    put = blocking(AsyncCapacities.put)
    delete = blocking(AsyncCapacities.delete)


class Stops(Blocking[AsyncStops]):
    """Stops, and what people change about them: see `AsyncStops`."""

    iter = blocking_iterator(AsyncStops.iter)
    csv = blocking_iterator(AsyncStops.csv)
    get = blocking(AsyncStops.get)
    list = blocking(AsyncStops.list)
    frame = blocking(AsyncStops.frame)
    enter = blocking(AsyncStops.enter)
    classify = blocking(AsyncStops.classify)
    classify_all = blocking(AsyncStops.classify_all)
    split = blocking(AsyncStops.split)
    merge = blocking(AsyncStops.merge)
    undo = blocking(AsyncStops.undo)


class Quantities(Blocking[AsyncQuantities]):
    """Quantities by people: see `AsyncQuantities`."""

    iter = blocking_iterator(AsyncQuantities.iter)
    csv = blocking_iterator(AsyncQuantities.csv)
    list = blocking(AsyncQuantities.list)
    frame = blocking(AsyncQuantities.frame)
    enter = blocking(AsyncQuantities.enter)
    correct = blocking(AsyncQuantities.correct)
    withdraw = blocking(AsyncQuantities.withdraw)
    undo = blocking(AsyncQuantities.undo)


class ApiKeys(Blocking[AsyncApiKeys]):
    """API keys, for admins: a role for a person, scopes for a program."""

    iter = blocking_iterator(AsyncApiKeys.iter)
    csv = blocking_iterator(AsyncApiKeys.csv)
    list = blocking(AsyncApiKeys.list)
    frame = blocking(AsyncApiKeys.frame)
    create = blocking(AsyncApiKeys.create)
    rotate = blocking(AsyncApiKeys.rotate)
    revoke = blocking(AsyncApiKeys.revoke)


class Users(Blocking[AsyncUsers]):
    """People with accounts, for admins: see `AsyncUsers`."""

    iter = blocking_iterator(AsyncUsers.iter)
    csv = blocking_iterator(AsyncUsers.csv)
    get = blocking(AsyncUsers.get)
    list = blocking(AsyncUsers.list)
    frame = blocking(AsyncUsers.frame)
    create = blocking(AsyncUsers.create)
    change = blocking(AsyncUsers.change)
    delete = blocking(AsyncUsers.delete)
    reset_password = blocking(AsyncUsers.reset_password)
    remove_totp = blocking(AsyncUsers.remove_totp)
    unlock = blocking(AsyncUsers.unlock)


class Sessions(Blocking[AsyncSessions]):
    """Open sessions of browsers: `iter`, `list`, `frame`, `end`."""

    iter = blocking_iterator(AsyncSessions.iter)
    csv = blocking_iterator(AsyncSessions.csv)
    list = blocking(AsyncSessions.list)
    frame = blocking(AsyncSessions.frame)
    end = blocking(AsyncSessions.end)


class Audit(Blocking[AsyncAudit]):
    """Changes by people: `iter`, `list`; their chain of hashes: `head`, `chain`."""

    iter = blocking_iterator(AsyncAudit.iter)
    csv = blocking_iterator(AsyncAudit.csv)
    list = blocking(AsyncAudit.list)
    frame = blocking(AsyncAudit.frame)
    head = blocking(AsyncAudit.head)
    chain = blocking_iterator(AsyncAudit.chain)


class ShiftReports(Blocking[AsyncShiftReports]):
    """Shift reports by equipment, the notes in them and their signatures."""

    get = blocking(AsyncShiftReports.get)
    add_note = blocking(AsyncShiftReports.add_note)
    withdraw_note = blocking(AsyncShiftReports.withdraw_note)
    undo_withdrawn_note = blocking(AsyncShiftReports.undo_withdrawn_note)
    sign = blocking(AsyncShiftReports.sign)
    withdraw_signature = blocking(AsyncShiftReports.withdraw_signature)


class Client(Blocking[AsyncClient], Resources):
    """The platform, from Python. URL and key from the environment or ~/.config/werknetz."""

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout_s: float = 30.0,
        transport: httpx2.AsyncBaseTransport | None = None,
        language: str | None = None,
    ) -> None:
        """`language`: of sentences, such as "de"; default: English."""
        client = AsyncClient(url, key, timeout_s=timeout_s, transport=transport, language=language)
        self.url = client.transport.url
        self.key = client.transport.key
        loop = LoopThread()
        Blocking.__init__(self, loop, client)
        Resources.__init__(self, loop, client)
        self.signals = Signals(loop, client.signals)
        self.equipment = Equipment(loop, client.equipment)
        self.samples = SamplesOfSignals(loop, client.samples)
        self.events = Events(loop, client.events)
        self.kpis = Kpis(loop, client.kpis)
        self.kpi_definitions = KpiDefinitions(loop, client.kpi_definitions)
        self.calendars = Calendars(loop, client.calendars)
        self.losses = Losses(loop, client.losses)
        self.targets = Targets(loop, client.targets)
        self.equipment_capacities = Capacities(loop, client.equipment_capacities)
        self.energy_carriers = EnergyCarriers(loop, client.energy_carriers)
        self.stops = Stops(loop, client.stops)
        self.quantity_entries = Quantities(loop, client.quantity_entries)
        self.shift_reports = ShiftReports(loop, client.shift_reports)
        self.audit = Audit(loop, client.audit)
        self.api_keys = ApiKeys(loop, client.api_keys)
        self.users = Users(loop, client.users)
        self.sessions = Sessions(loop, client.sessions)

    stream = blocking_iterator(AsyncClient.stream)
    get = blocking(AsyncClient.get)
    post = blocking(AsyncClient.post)
    put = blocking(AsyncClient.put)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close connections and thread. Safe to call twice."""
        if not self.loop.is_closed:
            self.loop.wait(self.asynchronous.close())
            self.loop.close()
