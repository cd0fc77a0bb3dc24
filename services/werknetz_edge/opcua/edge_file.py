"""Write a first edge file for a server: one signal for each variable, to be completed by hand."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from werknetz.connector.yaml_format import dump_yaml
from werknetz_edge.opcua.explore.browse import Variable
from werknetz_edge.opcua.rules import EnumTables, rules_of_variables

HEADER = """\
# Written by `werknetz connect opcua`. Name the equipment and the roles, then start it:
#   werknetz edge {file}
# Roles: state, good_count, total_count, scrap_count, rework_count, order, process_value …
# Roles that are set are suggestions by the server's types: check them.
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
    """Return the YAML text of the edge file: every variable has its own equipment and signal."""
    enums: EnumTables = {}
    rules = rules_of_variables(name, variables, enums)
    mapping: dict[str, Any] = {"name": name, "version": 1, "time_zone": "Europe/Berlin"}
    mapping |= {"enums": enums} if enums else {}
    mapping |= {"rules": rules, "unmapped": "store-as-is"}
    document = {
        "connector": name,
        "protocol": "opcua",
        "spool": {"folder": "./spool"},
        "options": options,
        "mapping": mapping,
    }
    return HEADER.format(file=file) + dump_yaml(document, width=100)
