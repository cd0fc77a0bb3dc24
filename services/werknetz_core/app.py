"""Builds the API: middleware, resources and documentation. Connections open at start-up."""

import contextlib
from collections.abc import AsyncIterator, Callable
from importlib.metadata import version
from typing import Final

from fastapi import Depends, FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from werknetz.runtime.http_server.cors import allow_origins
from werknetz_core.access.require import check_routes
from werknetz_core.access.wrong_keys import WrongKeys
from werknetz_core.annotations.endpoints import router as annotations
from werknetz_core.api_keys.endpoints import router as api_keys
from werknetz_core.audit.chain.endpoints import router as audit_chain
from werknetz_core.audit.endpoints import router as audit
from werknetz_core.audit.origin import OriginMiddleware
from werknetz_core.backlog.endpoints import router as backlog
from werknetz_core.calendars.endpoints import router as calendars
from werknetz_core.characteristics.endpoints import router as characteristics
from werknetz_core.comparisons.endpoints import router as comparisons
from werknetz_core.connectors.endpoints import router as connectors
from werknetz_core.context.app_context import open_app_context
from werknetz_core.context.edge_forwarder import EVENTS_BATCH_PATH
from werknetz_core.context.equipment_tree import now_us as clock_us
from werknetz_core.context.strict import refuse_bad_input, refuse_bad_input_of
from werknetz_core.dashboard.endpoints import router as dashboard
from werknetz_core.data_quality.endpoints import router as data_quality
from werknetz_core.deliveries.call_offs.endpoints import router as call_offs
from werknetz_core.deliveries.cumulatives.endpoints import router as cumulatives
from werknetz_core.deliveries.due_lines.endpoints import router as due_lines
from werknetz_core.deliveries.receipts.endpoints import router as receipts
from werknetz_core.deliveries.shipments.endpoints import router as shipments
from werknetz_core.docs.endpoints import router as docs
from werknetz_core.docs.openapi import openapi_of
from werknetz_core.energy_carriers.endpoints import router as energy_carriers
from werknetz_core.equipment.endpoints import router as equipment
from werknetz_core.equipment_capacities.endpoints import router as equipment_capacities
from werknetz_core.events.endpoints import router as events
from werknetz_core.explorations.endpoints import router as explorations
from werknetz_core.findings.endpoints import router as findings
from werknetz_core.forecast.acknowledgements.endpoints import router as acknowledgements
from werknetz_core.forecast.days_of_supply.endpoints import router as days_of_supply
from werknetz_core.forecast.shortage_warnings.endpoints import router as shortage_warnings
from werknetz_core.forecast.stock_projection.endpoints import router as stock_projection
from werknetz_core.gaps.endpoints import router as gaps
from werknetz_core.health.endpoints import public
from werknetz_core.health.endpoints import router as health
from werknetz_core.http import problem
from werknetz_core.http.body_limit import BodyLimit
from werknetz_core.http.guard.database_errors import register_database_handlers
from werknetz_core.http.guard.requests import refuse_bad_values
from werknetz_core.http.middleware import RequestMetrics, RequestMiddleware
from werknetz_core.kpi_definitions.endpoints import router as own_kpis
from werknetz_core.kpis.definitions.endpoints import router as kpi_definitions
from werknetz_core.kpis.explanation.endpoints import router as kpi_explanation
from werknetz_core.kpis.values.endpoints import router as kpi_values
from werknetz_core.limits.middleware import AdmissionMiddleware, SlicedBodies
from werknetz_core.limits.wide_process.forwarding import HandOverMiddleware
from werknetz_core.loss_times.endpoints import router as loss_times
from werknetz_core.losses.endpoints import router as losses
from werknetz_core.losses.ranking.endpoints import router as loss_ranking
from werknetz_core.mappings.amendments.endpoints import router as amendments
from werknetz_core.mappings.endpoints import router as mappings
from werknetz_core.mappings.replays.endpoints import router as replays
from werknetz_core.materials.endpoints import router as materials
from werknetz_core.materials.line_materials.endpoints import router as line_materials
from werknetz_core.materials.line_rates.endpoints import router as line_rates
from werknetz_core.me.endpoints import router as me
from werknetz_core.oidc.endpoints import callback as oidc_callback
from werknetz_core.oidc.endpoints import public as sign_in_ways
from werknetz_core.oidc.endpoints import router as oidc
from werknetz_core.orders.endpoints import router as orders
from werknetz_core.orders.operations.endpoints import router as operations
from werknetz_core.overview.endpoints import router as overview
from werknetz_core.plants.endpoints import router as plants
from werknetz_core.quantities.endpoints import router as quantities
from werknetz_core.quarantine.endpoints import router as quarantine
from werknetz_core.reasons.endpoints import router as reasons
from werknetz_core.sessions.endpoints import public as sign_in
from werknetz_core.sessions.endpoints import router as sessions
from werknetz_core.settings import CoreSettings
from werknetz_core.shift_reports.endpoints import router as shift_reports
from werknetz_core.shifts.endpoints import router as shifts
from werknetz_core.signals.endpoints import router as signals
from werknetz_core.stops import following
from werknetz_core.stops.endpoints import router as stops
from werknetz_core.stops.thresholds.endpoints import router as stop_thresholds
from werknetz_core.stream.endpoints import OpenStreams
from werknetz_core.stream.endpoints import router as stream
from werknetz_core.suppliers.endpoints import router as suppliers
from werknetz_core.suppliers.policies.endpoints import router as policies
from werknetz_core.suppliers.sites.endpoints import router as sites
from werknetz_core.targets.endpoints import router as targets
from werknetz_core.texts.middleware import LanguageMiddleware
from werknetz_core.users.endpoints import router as users
from werknetz_core.warehouses.endpoints import router as warehouses
from werknetz_core.warehouses.stock_levels.endpoints import router as stock_levels
from werknetz_core.warehouses.stock_movements.endpoints import router as stock_movements

PREFIX: Final = "/api/v1"
PUBLIC: Final = tuple(
    PREFIX + path
    for path in (
        "/info", "/health/live", "/health/ready", "/session/ways", "/session/oidc/login",
        "/session/oidc/callback", "/session/oidc/backchannel_logout",
    )
)  # fmt: skip
# Providers may add parameters to their answer, so its route takes any.
WITHOUT_KEY: Final = (
    (public, refuse_bad_input_of),
    (sign_in_ways, refuse_bad_input_of),
    (sign_in, refuse_bad_input_of),
    (oidc_callback, refuse_bad_values),
)
_COMPRESSED_BYTES_MIN: Final = 2048  # a single value fits into one packet anyway
RESOURCES: Final = (
    annotations, quantities, shift_reports, audit, audit_chain, reasons, stop_thresholds, stops,
    plants, calendars, equipment, signals, shifts, orders, operations, suppliers, sites, policies,
    call_offs, due_lines, shipments, receipts, cumulatives, materials, line_materials,
    line_rates, warehouses, stock_levels, stock_movements, stock_projection, days_of_supply,
    shortage_warnings, acknowledgements, findings, characteristics, equipment_capacities,
    energy_carriers, connectors, explorations, gaps, data_quality, backlog, quarantine, events,
    mappings, amendments, replays, losses, api_keys, loss_times, loss_ranking,
    targets, overview, comparisons, stream, oidc, sessions, me, users,
)  # fmt: skip
_DESCRIPTION: Final = (
    "Machine, supplier and warehouse data of a company, and the KPIs computed from it."
)


def create_app(
    settings: CoreSettings, *, now_us: Callable[[], int] = clock_us, with_jobs: bool = True
) -> FastAPI:
    """Return the API; its lifespan opens and closes the connections.

    `with_jobs` false: another process of this API has the jobs in the background.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        jobs = {"stops": following.run} if with_jobs else {}
        async with open_app_context(settings, now_us, jobs) as context:
            app.state.context = context
            yield

    app = FastAPI(
        title="Werknetz",
        description=_DESCRIPTION,
        version=version("werknetz"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.registry = _metrics_registry()
    app.state.streams = OpenStreams()
    app.state.wrong_keys = WrongKeys(
        app.state.registry, per_min=settings.wrong_keys_per_min, burst=settings.wrong_keys_burst
    )
    _add_middleware(app, settings)
    problem.register_handlers(app)
    register_database_handlers(app)
    # Routes are matched in order; KPI values are polled most. FastAPI looks through every router
    # of a router on each request: none contains all others.
    first = (kpi_values, kpi_explanation, kpi_definitions, own_kpis)
    for router in (*first, health, *RESOURCES):
        # No route ignores a parameter, so that a typo is no other answer.
        app.include_router(router, prefix=PREFIX, dependencies=[Depends(refuse_bad_input)])
    for router, guard in WITHOUT_KEY:
        app.include_router(router, prefix=PREFIX, dependencies=[Depends(guard)])
    app.include_router(health, include_in_schema=False)
    app.include_router(docs)
    app.include_router(dashboard)  # last: its page is at each address that no other route has
    check_routes(app)
    app.openapi = lambda: openapi_of(  # type: ignore[method-assign] # FastAPI's documented way
        app, description=_DESCRIPTION, public=PUBLIC
    )
    return app


def _add_middleware(app: FastAPI, settings: CoreSettings) -> None:
    """Add what wraps each request; what is added later is further outside."""
    app.add_middleware(OriginMiddleware)
    app.add_middleware(SlicedBodies)  # inside of what compresses them
    app.add_middleware(GZipMiddleware, minimum_size=_COMPRESSED_BYTES_MIN, compresslevel=5)
    app.add_middleware(
        BodyLimit,
        default_bytes=settings.body_max_bytes,
        bytes_by_path={EVENTS_BATCH_PATH: settings.events_max_bytes},
    )
    # Outside of what compresses: the other process does.
    app.add_middleware(HandOverMiddleware, body_max_bytes=settings.body_max_bytes)
    app.add_middleware(AdmissionMiddleware)
    # Added last, so outermost: it also handles bodies that the limit rejects.
    app.add_middleware(RequestMiddleware, metrics=RequestMetrics(app.state.registry))
    app.add_middleware(LanguageMiddleware)
    allow_origins(app, settings.cors_origins)


def _metrics_registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
