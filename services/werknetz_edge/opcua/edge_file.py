"""Write a first edge file for a server: one rule for each variable, to be completed by hand."""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

import yaml

from werknetz_edge.opcua.explore.browse import Variable

HEADER = """\
# Written by `werknetz connect opcua`. Name the equipment and the roles, then start it:
#   werknetz edge {file}
# Roles: state, good_count, total_count, scrap_count, rework_count, order, process_value …
"""


def select_variables(variables: Sequence[Variable], patterns: Sequence[str]) -> list[Variable]:
    """Return the variables whose path or address matches a pattern (*/Cell7/*); default: all."""
    if not patterns:
        return list(variables)
    return [
        variable
        for variable in variables
        if any(
            fnmatchcase(variable.path, pattern) or fnmatchcase(variable.address, pattern)
            for pattern in patterns
        )
    ]


def format_edge_file(
    name: str, file: str, options: dict[str, Any], variables: Sequence[Variable]
) -> str:
    """Return the YAML text of the edge file."""
    document = {
        "connector": name,
        "protocol": "opcua",
        "spool": {"folder": "./spool"},
        "options": options,
        "mapping": {
            "name": name,
            "version": 1,
            "time_zone": "Europe/Berlin",
            "rules": [_rule(name, variable) for variable in variables],
            "unmapped": "store-as-is",
        },
    }
    body = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return HEADER.format(file=file) + body


def _rule(name: str, variable: Variable) -> dict[str, str]:
    """Use the object above the variable as the machine, as a first guess."""
    parts = [_word(part) for part in variable.path.split("/") if part and part != "Objects"]
    machine = parts[-2] if len(parts) > 1 else _word(name)
    rule = {
        "source": variable.address,
        "equipment": f"enterprise/plant/area/line/{machine}",
        "signal": parts[-1],
    }
    if variable.unit and variable.rank < 0:
        rule["unit"] = _UNITS.get(variable.unit, variable.unit)
    return rule


_UNITS = {"°C": "degC", "°F": "degF", "%": "percent", "1/min": "1/minute"}


def _word(name: str) -> str:
    """Convert a name to a path segment: cell7, spindle-temp."""
    separated = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    return re.sub(r"[^a-z0-9]+", "-", separated.lower()).strip("-") or "unnamed"
