"""Write the Grafana dashboards of the compose profile `grafana` as JSON files.

python3 deploy/grafana/make_dashboards.py [--check]

Each query is over the views of the schema `grafana` alone, and runs in the tests. Exit code: 0
written or equal, 1 (with --check) a file differs.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).with_name("dashboards")
SOURCE: Final = {"type": "grafana-postgresql-datasource", "uid": "werknetz"}
_COLUMNS: Final = 24
_BELOW: Final = "equipment IN (${equipment:sqlstring})"
# A line counts its machines, a plant its lines: of what is chosen only the topmost adds up.
_TOPMOST: Final = f"""{_BELOW} AND NOT EXISTS (
    SELECT FROM grafana.v1_equipment above WHERE above.path IN (${{equipment:sqlstring}})
        AND starts_with(equipment, above.path || '/'))"""
_PLANT: Final = "plant IN (${plant:sqlstring})"


@dataclass(frozen=True)
class Panel:
    title: str
    kind: str  # timeseries, table, barchart, stat, state-timeline
    sql: str
    unit: str = "short"  # of Grafana
    width: int = _COLUMNS
    height: int = 8
    description: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def format(self) -> str:
        return "time_series" if self.kind in {"timeseries", "state-timeline"} else "table"


@dataclass(frozen=True)
class Variable:
    name: str
    label: str
    sql: str


@dataclass(frozen=True)
class Dashboard:
    uid: str
    title: str
    start: str
    variables: Sequence[Variable]
    panels: Sequence[Panel]


EQUIPMENT: Final = Variable(
    "equipment", "Equipment", "SELECT path FROM grafana.v1_equipment ORDER BY path"
)
MACHINES: Final = Variable(
    "equipment",
    "Machines",
    "SELECT path FROM grafana.v1_equipment WHERE level = 'machine' ORDER BY path",
)
PLANTS: Final = Variable(
    "plant", "Plant", "SELECT path FROM grafana.v1_equipment WHERE level = 'plant' ORDER BY path"
)

PRODUCTION: Final = Dashboard(
    "werknetz-production", "Production", "now-7d", [EQUIPMENT],
    [
        Panel("OEE by hour", "timeseries", f"""
SELECT start_at AS time, equipment AS metric, oee AS value FROM grafana.v1_kpi_hours
WHERE $__timeFilter(start_at) AND {_BELOW} AND oee IS NOT NULL ORDER BY 1, 2""", "percentunit"),
        Panel("OEE by shift", "table", f"""
SELECT start_at, equipment, shift, team, oee, availability, effectiveness, quality_ratio, good,
    scrap, provisional FROM grafana.v1_kpi_shifts
WHERE $__timeFilter(start_at) AND {_BELOW} AND planned_busy_s > 0
ORDER BY start_at DESC, equipment""", "percentunit", 12, 10),
        Panel("KPIs by day", "table", f"""
SELECT day, equipment, oee, availability, effectiveness, quality_ratio, good, scrap, energy_kwh,
    provisional FROM grafana.v1_kpi_days
WHERE $__timeFilter(start_at) AND {_BELOW} AND planned_busy_s > 0
ORDER BY day DESC, equipment""", "percentunit", 12, 10),
        Panel("Good items by hour", "timeseries", f"""
SELECT start_at AS time, equipment AS metric, good AS value FROM grafana.v1_kpi_hours
WHERE $__timeFilter(start_at) AND {_BELOW} ORDER BY 1, 2""", "short"),
    ],
)  # fmt: skip
STOPS: Final = Dashboard(
    "werknetz-stops", "States and stops", "now-24h", [MACHINES],
    [
        Panel("States", "state-timeline", f"""
SELECT start_at AS time, equipment AS metric, state AS value FROM grafana.v1_states
WHERE $__timeFilter(start_at) AND {_BELOW} ORDER BY 1, 2""", options={"mergeValues": True},
              description="Numbers as in v1_states: 1 producing, 2 setup, 3 idle, 4 malfunction, "
              "5 blocked, 6 starved, 7 suspended, 8 maintenance, 9 repair, 10 off, 0 unknown"),
        Panel("Longest stops", "table", f"""
SELECT start_at, end_at, equipment, duration_s, state_name, coalesce(reason_en, reason, code)
    AS reason, comment, order_number FROM grafana.v1_stops
WHERE $__timeFilter(start_at) AND {_BELOW} AND category NOT IN ('off_shift', 'pdot')
ORDER BY duration_s DESC LIMIT 50""", "s", 14, 12),
        Panel("Time by reason", "barchart", f"""
SELECT coalesce(reason_en, reason, state_name) AS reason, sum(duration_s) AS seconds
FROM grafana.v1_stops
WHERE $__timeFilter(start_at) AND {_BELOW} AND category NOT IN ('off_shift', 'pdot')
GROUP BY 1 ORDER BY 2 DESC LIMIT 15""", "s", 10, 12),
    ],
)  # fmt: skip
LOSSES: Final = Dashboard(
    "werknetz-losses", "Losses", "now-7d", [EQUIPMENT],
    [
        Panel("Lost time by loss", "barchart", f"""
SELECT loss, sum(seconds) AS seconds FROM grafana.v1_losses
WHERE $__timeFilter(start_at) AND {_TOPMOST} GROUP BY loss ORDER BY 2 DESC""", "s"),
        Panel("Lost time by day and loss", "timeseries", f"""
SELECT min(start_at) AS time, loss AS metric, sum(seconds) AS value FROM grafana.v1_loss_days
WHERE $__timeFilter(start_at) AND {_TOPMOST} GROUP BY day, loss ORDER BY 1, 2""", "s",
              description="Days of the plants, of each at its start. Of what is chosen, what lies "
              "below something else chosen is not counted again."),
        Panel("Lost time by equipment", "table", f"""
SELECT equipment, loss, sum(seconds) AS seconds FROM grafana.v1_losses
WHERE $__timeFilter(start_at) AND {_BELOW} GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 100""", "s",
              _COLUMNS, 12),
    ],
)  # fmt: skip
SUPPLY: Final = Dashboard(
    "werknetz-supply", "Stock and suppliers", "now-28d", [PLANTS],
    [
        Panel("Stock that lasts shortest", "table", f"""
SELECT warehouse, material, description, balance, unit, demand_per_h, hours_of_demand, in_transit,
    next_arrival_at FROM grafana.v1_stock
WHERE {_PLANT} AND demand_per_h > 0 ORDER BY hours_of_demand LIMIT 50""", "short", _COLUMNS, 10),
        Panel("Times without stock", "table", f"""
SELECT start_at, end_at, warehouse, material, description, duration_s FROM grafana.v1_shortages
WHERE {_PLANT} AND start_at < $__timeTo() AND (end_at IS NULL OR end_at > $__timeFrom())
ORDER BY start_at DESC LIMIT 100""", "s", 12, 10),
        Panel("On time and in full by supplier", "table", f"""
SELECT supplier_name, sum(lines_due) AS lines_due,
    sum(lines_on_time) / nullif(sum(lines_due), 0) AS on_time,
    sum(lines_in_full) / nullif(sum(lines_due), 0) AS in_full,
    sum(lines_otif) / nullif(sum(lines_due), 0) AS otif
FROM grafana.v1_supplier_days
WHERE $__timeFilter(start_at) AND {_PLANT}
GROUP BY supplier_name HAVING sum(lines_due) > 0 ORDER BY otif, lines_due DESC""", "percentunit",
              12, 10),
        Panel("Overdue deliveries", "table", f"""
SELECT due_until, supplier_name, material, description, open_quantity, unit, document
FROM grafana.v1_deliveries WHERE {_PLANT} AND open_quantity > 0 AND due_until < now()
ORDER BY due_until LIMIT 100""", "short", 12, 10),
        Panel("Stock by day", "timeseries", f"""
SELECT start_at AS time, warehouse || ' ' || material AS metric, closing AS value
FROM grafana.v1_stock_days WHERE $__timeFilter(start_at) AND {_PLANT}
ORDER BY 1, 2 LIMIT 5000""", "short", 12, 10),
    ],
)  # fmt: skip
CONNECTORS: Final = Dashboard(
    "werknetz-connectors", "Connectors", "now-7d", [],
    [
        Panel("Connectors", "table", """
SELECT connector, last_applied_at, age_s, heartbeat_at, alarm, open_gaps, quarantined, samples,
    mapping FROM grafana.v1_connectors ORDER BY age_s DESC NULLS FIRST""", "s", _COLUMNS, 10),
        Panel("Open gaps", "stat", """
SELECT sum(open_gaps) AS open_gaps FROM grafana.v1_connectors""", "short", 6, 6),
        Panel("Gaps", "table", """
SELECT start_at, end_at, connector, source, duration_s, cause, backfilled FROM grafana.v1_gaps
WHERE $__timeFilter(start_at) ORDER BY start_at DESC LIMIT 200""", "s", 18, 10),
    ],
)  # fmt: skip
SIGNALS: Final = Dashboard(
    "werknetz-signals", "Signals", "now-24h",
    [
        Variable(
            "signal", "Signals",
            "SELECT key FROM grafana.v1_signals WHERE role = 'process_value' ORDER BY key",
        ),
    ],
    [
        Panel("Mean by quarter of an hour", "timeseries", """
SELECT $__timeGroup(s.at, '15m') AS time, g.key AS metric, avg(s.value) AS value
FROM grafana.v1_samples s JOIN grafana.v1_signals g ON g.id = s.signal_id
WHERE $__timeFilter(s.at) AND s.status >= 0 AND g.key IN (${signal:sqlstring})
GROUP BY 1, 2 ORDER BY 1, 2""", "short", _COLUMNS, 12),
    ],
)  # fmt: skip
DASHBOARDS: Final = (PRODUCTION, STOPS, LOSSES, SUPPLY, CONNECTORS, SIGNALS)


def content_of(dashboard: Dashboard) -> str:
    """Return the file of a dashboard."""
    document = {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["werknetz"],
        "schemaVersion": 39,
        "editable": True,
        "timezone": "browser",
        "time": {"from": dashboard.start, "to": "now"},
        "refresh": "1m",
        "templating": {"list": [_variable(variable) for variable in dashboard.variables]},
        "panels": list(_panels(dashboard.panels)),
    }
    return json.dumps(document, indent=2) + "\n"


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": SOURCE,
        "query": variable.sql,
        "definition": variable.sql,
        "multi": True,
        "includeAll": True,
        "refresh": 1,
        "current": {"text": ["All"], "value": ["$__all"]},
    }


def _panels(panels: Sequence[Panel]) -> Iterator[dict[str, Any]]:
    """Yield the panels, from left to right, then below."""
    x = y = row_height = 0
    for number, panel in enumerate(panels, start=1):
        if x + panel.width > _COLUMNS:
            x, y, row_height = 0, y + row_height, 0
        yield {
            "id": number,
            "title": panel.title,
            "description": panel.description,
            "type": panel.kind,
            "datasource": SOURCE,
            "gridPos": {"x": x, "y": y, "w": panel.width, "h": panel.height},
            "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": _overrides(panel)},
            "options": panel.options,
            "targets": [
                {
                    "refId": "A",
                    "datasource": SOURCE,
                    "format": panel.format,
                    "rawQuery": True,
                    "editorMode": "code",
                    "rawSql": panel.sql.strip(),
                }
            ],
        }
        x, row_height = x + panel.width, max(row_height, panel.height)


_PLAIN_COLUMNS: Final = (
    "good", "scrap", "energy_kwh", "lines_due", "open_gaps", "quarantined", "samples",
)  # fmt: skip


def _overrides(panel: Panel) -> list[dict[str, Any]]:
    """Return the columns of a table that have not the unit of the panel."""
    if panel.kind != "table" or panel.unit == "short":
        return []
    shown = [name for name in _PLAIN_COLUMNS if name in panel.sql]
    return [
        {
            "matcher": {"id": "byName", "options": name},
            "properties": [{"id": "unit", "value": "short"}],
        }
        for name in shown
    ]


def main(arguments: Sequence[str]) -> int:
    differing = [
        file
        for dashboard in DASHBOARDS
        if not (file := FOLDER / f"{dashboard.uid}.json").is_file()
        or file.read_text() != content_of(dashboard)
    ]
    if "--check" in arguments:
        print("\n".join(f"{file} differs from make_dashboards.py" for file in differing))
        return 1 if differing else 0
    FOLDER.mkdir(exist_ok=True)
    for dashboard in DASHBOARDS:
        (FOLDER / f"{dashboard.uid}.json").write_text(content_of(dashboard))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
