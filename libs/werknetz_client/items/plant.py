"""Equipment, signals, connectors, and what sources sent.

Made from the OpenAPI document of the API: see tests/contract/test_client_models.py.
"""

from typing import Any, TypedDict


class PlantItem(TypedDict):
    path: str
    name: str
    time_zone: str | None
    language: str | None
    clock: str | None
    has_shift_calendar: bool
    machines: int


class EquipmentItem(TypedDict):
    path: str
    level: str
    name: str
    time_zone: str | None
    language: str | None
    clock: str | None
    valid_from: str
    valid_to: str | None
    moved_from: str | None
    moved_to: str | None


class LatestSignalItem(TypedDict):
    id: int
    key: str
    equipment: str | None
    connector_id: str
    name: str
    role: str
    unit: str | None
    datatype: str
    source: str
    mapping: str
    counter_reset: str
    counter_modulus: float | None
    counter_kind: str
    counter_interpolate: bool
    counter_max_increment: float | None
    counter_max_speed: float | None
    carrier: str | None
    valid_from: str | None
    valid_to: str | None
    at: str | None
    value: float | None
    text: str | None
    status: int | None
    quality: str | None


class SampleItem(TypedDict):
    at: str
    value: float | None
    text: str | None
    status: int
    quality: str
    server_at: str | None
    mapping: str | None


class AggregateItem(TypedDict):
    start: str
    end: str
    count: int
    min: float | None
    avg: float | None
    max: float | None
    sum: float | None
    first: float | None
    last: float | None
    stddev: float | None
    time_weighted_avg: float | None
    duration_good: float
    bad_count: int


class SignalSamplesItem(TypedDict):
    signal: str
    unit: str | None
    items: list[SampleItem | AggregateItem]
    next_cursor: str | None
    start: str
    end: str
    granularity: str
    time_zone: str
    source: str
    no_data: bool
    id: int
    equipment: str | None


class BreakItem(TypedDict):
    start: str
    end: str


class ShiftItem(TypedDict):
    equipment: str
    name: str
    day: str
    start: str
    end: str
    is_running: bool
    breaks: list[BreakItem]


class CapacityItem(TypedDict):
    equipment: str
    valid_from: str
    items_per_hour: float
    entered_by: str
    entered_at: str


class EnergyCarrierItem(TypedDict):
    carrier: str
    equipment: str
    valid_from: str
    name: str | None
    unit: str
    kwh_per_unit: float
    co2_kg_per_unit: float | None
    delivered: bool
    entered_by: str
    entered_at: str


class ConnectorErrorItem(TypedDict):
    code: str
    fields: dict[str, Any]
    text: str
    hint: str
    detail: str


class CertificateItem(TypedDict):
    owner: str
    until: str
    days_left: int
    subject: str
    fingerprint: str


class MappingInUseItem(TypedDict):
    mapping: str
    digest: str


class ConfigurationItem(TypedDict):
    state: str
    used: MappingInUseItem | None
    active: MappingInUseItem | None
    detail: str


class BooksItem(TypedDict):
    taken: int
    stored: int
    duplicates: int
    revisions: int
    withdrawn: int
    ignored: int
    quarantined: int
    balanced: bool
    since: str


class ConnectorItem(TypedDict):
    id: str
    kind: str
    state: str
    detail: str
    errors: list[ConnectorErrorItem]
    protocol: str | None
    lag_s: float | None
    backlog: int | None
    rate_per_s: float | None
    rate_window_s: float | None
    last_good_at: str | None
    last_good_age_s: float | None
    last_applied_at: str | None
    clock_skew_s: float | None
    edge_clock_skew_s: float | None
    certificates: list[CertificateItem]
    certificate_days_left: int | None
    configuration: ConfigurationItem
    alarm: str | None
    epoch: int
    samples: int
    quarantined: int
    open_gaps: int
    books: BooksItem | None
    version: str | None
    spool_bytes: int | None
    rss_bytes: int | None
    details: dict[str, Any]
    findings: dict[str, Any]
    mapping: str | None
    mapping_state: str | None
    mapping_detail: str | None
    explores: list[str]


class GapItem(TypedDict):
    gap_id: str
    connector_id: str
    source: str
    signal_keys: list[str]
    start: str
    end: str | None
    cause: str
    detail: str
    estimate: int | None
    backfilled: bool


class BacklogItem(TypedDict):
    equipment: str
    buckets: int
    first_bucket: str
    last_bucket: str
    waiting_since: str
    waiting_s: float


class QuarantineItem(TypedDict):
    id: int
    connector_id: str
    source: str
    position: str
    reason: str
    text: str
    group: str
    count: int
    size: int
    mapping: str
    at: str
    stored_at: str
    state: str
    assigned_to: str | None
    note: str
    decided_at: str | None
    decided_by: str | None
    replayed_with: str | None


class GroupSourceItem(TypedDict):
    connector_id: str
    source: str
    equipment: str | None
    entries: int
    count: int
    last_at: str


class QuarantineGroupItem(TypedDict):
    reason: str
    text: str
    code: str
    fields: dict[str, Any]
    repair: str
    mappings: list[str]
    entries: int
    assigned: int
    count: int
    first_at: str
    last_at: str
    sources: list[GroupSourceItem]
    sources_total: int
    example_id: int
    example_reason: str


class EventItem(TypedDict):
    event_id: str
    kind: str
    connector_id: str
    source: str
    item: str
    at: str
    mapping: str
    revision: int
    fields: dict[str, Any]
    stored_at: str
    version: int | None
    withdrawn_at: str | None
    withdrawal_reason: str | None


class MappingNameItem(TypedDict):
    name: str
    newest: int
    active: int | None
    versions: int
    connectors: list[str]


class ReplayItem(TypedDict):
    id: int
    connector_id: str
    mapping: str
    start: str
    end: str
    state: str
    inputs: int
    inputs_skipped: int
    samples_removed: int
    samples_added: int
    events_changed: int
    quarantine_cleared: int
    requested_by: str
    requested_at: str
    finished_at: str | None
    error: str | None
