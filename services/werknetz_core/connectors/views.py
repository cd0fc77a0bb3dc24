"""A connector's view: what its edge reports, beside what is stored of it."""

import re
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from werknetz.domain.bucket import instant_of
from werknetz.link.report import CertificateReport
from werknetz.link.wire import Status
from werknetz.store.tables import BOOK_COUNTS
from werknetz.texts.sentence import Sentence, write_text
from werknetz_core.connectors.errors import errors_of, write_fault
from werknetz_core.connectors.reported import ReportedStatus
from werknetz_core.connectors.schemas import (
    BooksView,
    CertificateView,
    ConfigurationView,
    ConnectorDetailView,
    ConnectorView,
    MappingInUse,
    StateChangeView,
)

_DAY_US: Final = 86_400_000_000
_NUMBER: Final = re.compile(r"[+-]?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")
_NAMES: Final = frozenset({"host_id"})  # details that are names, even where they are digits
_HISTORY: Final = "history"
_NO_STATUS: Final = Sentence("system.no_status")
_NOT_KNOWN: Final = Sentence("system.status_unknown")


def view_of(row: sa.RowMapping, reported: ReportedStatus, now_us: int) -> ConnectorView:
    return ConnectorView.model_validate(_fields_of(row, reported, now_us))


def detail_view_of(
    row: sa.RowMapping, reported: ReportedStatus, now_us: int
) -> ConnectorDetailView:
    changes = reported.live.current_report.changes if reported.live else []
    views = [
        StateChangeView(
            at=instant_of(change.at_us),
            state=change.state,
            detail=change.detail,
            error=None if change.fault is None else write_fault(change.fault, change.detail),
        )
        for change in reversed(changes)
    ]
    return ConnectorDetailView.model_validate(
        {**_fields_of(row, reported, now_us), "changes": views}
    )


def _fields_of(row: sa.RowMapping, reported: ReportedStatus, now_us: int) -> dict[str, object]:
    status = reported.live
    return {
        "id": row["id"],
        "last_applied_at": row["last_applied_at"],
        "alarm": row["alarm"],
        "epoch": row["epoch"],
        "samples": int(row["samples"] or 0),
        "quarantined": int(row["quarantined"] or 0),
        "open_gaps": int(row["open_gaps"] or 0),
        "books": _books_of(row),
        "findings": reported.findings,
        "configuration": _configuration_of(row, status),
        "errors": errors_of(reported, row["alarm"]),
        "edge_clock_skew_s": _edge_clock_skew_s(reported, now_us),
        **_fields_of_status(reported, now_us),
    }


def _fields_of_status(reported: ReportedStatus, now_us: int) -> dict[str, object]:
    status = reported.live
    if status is None:
        names = (
            "protocol", "lag_s", "backlog", "last_good_at", "last_good_age_s", "version",
            "spool_bytes", "rss_bytes", "mapping", "mapping_state", "mapping_detail", "rate_per_s",
            "rate_window_s", "clock_skew_s", "certificate_days_left",
        )  # fmt: skip
        return dict.fromkeys(names) | {
            "kind": "live", "state": "silent",
            "detail": write_text(_NO_STATUS if reported.is_known else _NOT_KNOWN),
            "details": {}, "certificates": [], "explores": [],
        }  # fmt: skip
    report, last_us = status.current_report, status.last_good_us
    certificates = certificates_of(report.certificates, now_us)
    is_history = report.is_history or status.protocol == _HISTORY or status.state == "finished"
    return {
        "kind": "history" if is_history else "live",
        "state": status.state,
        "detail": status.detail,
        "protocol": status.protocol,
        "lag_s": status.lag_s,
        "backlog": status.backlog,
        "rate_per_s": report.rate_s,
        "rate_window_s": report.rate_window_s if report.rate_s is not None else None,
        "last_good_at": None if last_us is None else instant_of(last_us),
        "last_good_age_s": None if last_us is None else max(0, status.at_us - last_us) / 1e6,
        "clock_skew_s": report.source_offset_s,
        "certificates": certificates,
        "certificate_days_left": min((end.days_left for end in certificates), default=None),
        "version": status.version,
        "spool_bytes": status.spool_bytes,
        "rss_bytes": status.rss_bytes,
        "details": {name: detail_value(name, text) for name, text in status.details.items()},
        "mapping": status.mapping,
        "mapping_state": status.mapping_state,
        "mapping_detail": status.mapping_detail,
        "explores": report.explores,
    }


def certificates_of(
    certificates: Sequence[CertificateReport], now_us: int
) -> list[CertificateView]:
    """Return certificates with the whole days that are left of them."""
    return [
        CertificateView(
            owner=end.owner,
            until=instant_of(end.until_us),
            days_left=(end.until_us - now_us) // _DAY_US,
            subject=end.subject,
            fingerprint=end.fingerprint,
        )
        for end in certificates
    ]


def detail_value(name: str, text: str) -> str | int | float:
    """Return a number as a number: edges send all details as texts."""
    if name in _NAMES or not _NUMBER.fullmatch(text):
        return text
    return float(text) if "." in text else int(text)


def _edge_clock_skew_s(reported: ReportedStatus, now_us: int) -> float | None:
    """Return how far the edge's clock was ahead when it sent its status."""
    if reported.live is None or reported.age_s is None:
        return None
    # To the second: how long the status was on its way is not known, and polls stay unchanged.
    return float(round((reported.live.at_us - now_us) / 1e6 + reported.age_s))


def _configuration_of(row: sa.RowMapping, status: Status | None) -> ConfigurationView:
    used = _in_use(row["used_name"], row["used_version"], row["used_digest"])
    active = _in_use(row["active_name"], row["active_version"], row["active_digest"])
    detail = ""
    if status is not None and status.mapping:
        digest = status.current_report.mapping_digest
        stored_digest = "" if used is None or used.mapping != status.mapping else used.digest
        used = MappingInUse(mapping=status.mapping, digest=digest or stored_digest)
        detail = status.mapping_detail
    if status is None:
        state = "unknown"
    elif status.mapping_state == "failed":
        state = "failed"
    elif active is None:
        state = "own"
    else:
        state = "in_sync" if _is_same(used, active) else "out_of_sync"
    return ConfigurationView.model_validate(
        {"state": state, "used": used, "active": active, "detail": detail}
    )


def _is_same(used: MappingInUse | None, active: MappingInUse) -> bool:
    """Whether two mappings have the same name and, where both are known, the same content."""
    if used is None or used.mapping != active.mapping:
        return False
    return used.digest == active.digest or not (used.digest and active.digest)


def _in_use(name: str | None, version: int | None, digest: bytes | None) -> MappingInUse | None:
    if name is None:
        return None
    return MappingInUse(mapping=f"{name}@{version}", digest=bytes(digest or b"").hex())


def _books_of(row: sa.RowMapping) -> BooksView | None:
    since = row["books_since"]
    if since is None:
        return None
    counts: dict[str, int] = {name: row[f"books_{name}"] for name in BOOK_COUNTS}
    outcomes = sum(count for name, count in counts.items() if name != "taken")
    return BooksView.model_validate(
        {**counts, "balanced": counts["taken"] == outcomes, "since": since}
    )
