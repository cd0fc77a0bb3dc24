"""What is wrong with a connector: codes with fields, in the language of the request."""

from collections.abc import Iterator

from werknetz.link.report import Fault
from werknetz.link.wire import Status
from werknetz.texts.sentence import Sentence, write_text
from werknetz_core.connectors.reported import ReportedStatus
from werknetz_core.connectors.schemas import ConnectorErrorView

_FAULTY = frozenset({"connecting", "rejected", "failed"})
_STATES = {
    "fenced": "connector.fenced", "silent": "connector.source_silent",
    "stopped": "connector.edge_stopped",
}  # fmt: skip
_MAPPING_STATES = {
    "failed": "connector.mapping_failed", "out_of_sync": "connector.mapping_differs",
}  # fmt: skip


def errors_of(reported: ReportedStatus, alarm: str | None) -> list[ConnectorErrorView]:
    """Return what is wrong, the worst first."""
    status = reported.live
    if not reported.is_known:
        return [_error_of("connector.status_unknown", ""), *_errors_of_alarm(alarm)]
    return [*_errors_of_state(status), *_errors_of_alarm(alarm), *_errors_of_mapping(status)]


def write_fault(fault: Fault, detail: str) -> ConnectorErrorView:
    """Return a reason that an edge reports; of a later version, one that says so."""
    try:
        text = write_text(Sentence(fault.code, **fault.fields))
        hint = write_text(Sentence(f"{fault.code}_hint"))
    except (KeyError, IndexError, ValueError, TypeError, OSError):  # OSError: no such group
        return _error_of("connector.reported", detail)
    return ConnectorErrorView(
        code=fault.code, fields=dict(fault.fields), text=text, hint=hint, detail=detail
    )


def _error_of(code: str, detail: str, **fields: str) -> ConnectorErrorView:
    return write_fault(Fault(code, dict(fields)), detail)


def _errors_of_state(status: Status | None) -> Iterator[ConnectorErrorView]:
    if status is None:
        yield _error_of("connector.edge_silent", "")
    elif status.state in _STATES:
        yield _error_of(_STATES[status.state], status.detail)
    elif status.state in _FAULTY:
        fault = status.current_report.fault
        if fault is not None:
            yield write_fault(fault, status.detail)
        elif status.detail:
            yield _error_of("connector.reported", status.detail)


def _errors_of_alarm(alarm: str | None) -> Iterator[ConnectorErrorView]:
    if alarm:
        yield _error_of("connector.spool_alarm", alarm, alarm=alarm)


def _errors_of_mapping(status: Status | None) -> Iterator[ConnectorErrorView]:
    if status is not None and status.mapping_state in _MAPPING_STATES:
        yield _error_of(_MAPPING_STATES[status.mapping_state], status.mapping_detail)
