"""What a signature under a shift report stands for, as digests: of each section, and of the whole.

Names of reasons, texts about missing values and the time of the question are left out: they may be
worded or translated anew without a change of what was signed.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

Document = Mapping[str, Any]

_KPI: Final = ("kpi", "value", "unit", "coverage")
_ORDER: Final = (
    "equipment", "order_number", "producing_s", "setup_s", "lost_s", "produced", "good", "scrap",
    "rework", "planned_quantity",
)  # fmt: skip
_STOP: Final = ("id", "equipment", "state", "in_span_s", "reason", "comment")
_STOP_SUMS: Final = ("stops", "minor_stops", "lost_s", "untagged_s")
_SCRAP: Final = ("reason", "quantity")
_NOTE: Final = ("id", "equipment", "start", "end", "text", "entered_by")
_DIGITS: Final = 6  # sums of floats are not exact


def section_digests_of(report: Document) -> dict[str, str]:
    """Return the digest of each section of a report."""
    sections: dict[str, Any] = {
        "kpis": _rows(report["kpis"], _KPI),
        "counts": report["counts"],
        "orders": _rows(report["orders"], _ORDER),
        "stops": [
            _rows(report["top_stops"], _STOP),
            {name: report[name] for name in _STOP_SUMS},
        ],
        "scrap_reasons": _rows(report["scrap_reasons"], _SCRAP),
        "notes": _rows(report["notes"], _NOTE),
    }
    return {name: _digest(content) for name, content in sections.items()}


def report_digest(path: str, start_us: int, end_us: int, sections: Mapping[str, str]) -> str:
    """Return the digest of a report: of its equipment, its period and its sections."""
    return _digest([path, str(start_us), str(end_us), sections])


def changed_sections(signed: Mapping[str, str], current: Mapping[str, str]) -> list[str]:
    """Return the sections that are not what was signed."""
    return [name for name, digest in current.items() if signed.get(name) != digest]


def signature_views(rows: Iterable[Document], sections: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return signatures as SignatureViews; `sections`: digests of the report as it is now."""
    return [
        {
            **{name: row[name] for name in row if name != "section_digests"},
            "changed": changed_sections(json.loads(row["section_digests"]), sections),
        }
        for row in rows
    ]


def _rows(rows: Iterable[Document], names: Iterable[str]) -> list[dict[str, Any]]:
    columns = tuple(names)
    return [{name: row[name] for name in columns} for row in rows]


def _digest(content: object) -> str:
    text = json.dumps(_round_numbers(content), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _round_numbers(content: object) -> object:
    match content:
        case bool():
            return content
        case int() | float():
            return round(float(content), _DIGITS) + 0.0  # -0.0 is 0.0
        case Mapping():
            return {name: _round_numbers(value) for name, value in content.items()}
        case list() | tuple():
            return [_round_numbers(value) for value in content]
        case _:
            return content
