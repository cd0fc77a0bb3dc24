"""Rules of a first mapping: the machine of each variable, its signal below it, its datatype."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from werknetz.connector.mapping.names import SEGMENT_MAX, SIGNAL_MAX, suffix_of, to_slug
from werknetz.connector.mapping.pattern import escape_address
from werknetz.connector.mapping.units import UnitRejected, check_unit
from werknetz.connector.points import ADDRESS_BYTES_MAX
from werknetz_edge.opcua.explore.browse import Variable
from werknetz_edge.opcua.explore.browse_step import BrowseStep
from werknetz_edge.opcua.explore.machine import machine_of
from werknetz_edge.opcua.roles import EnumTables, RoleSuggestions

__all__ = ["EnumTables", "rules_of_variables"]

_ABOVE: Final = "enterprise/plant/area/line"
_SUFFIX_MAX: Final = 5
_UNITS: Final = {"°C": "degC", "°F": "degF", "%": "percent", "1/min": "1/minute"}
_DATATYPES: Final = {
    "Boolean": "boolean", "Structure": "json",
    **dict.fromkeys((
        "String", "DateTime", "Guid", "ByteString", "XmlElement", "NodeId", "ExpandedNodeId",
        "StatusCode", "QualifiedName", "LocalizedText",
    ), "text"),
}  # fmt: skip
_NUMBERS: Final = frozenset({
    "SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Float", "Double",
    "Number", "Integer", "UInteger",
})  # fmt: skip


def rules_of_variables(
    name: str, variables: Sequence[Variable], enums: EnumTables
) -> list[dict[str, Any]]:
    """Return the rules of all variables that a mapping can have; add tables of states to `enums`.

    Each has a point of its own. `name` is that of the connector, for variables of no machine.
    """
    usable = [v for v in variables if _is_usable(v.address)]
    steps = [v.step or BrowseStep.from_path(v.path) for v in usable]
    machines = [machine_of(step) for step in steps]
    names = _machine_names(name, machines)
    pairs = [
        (names[_key(machine)], _signal_of(step, machine))
        for step, machine in zip(steps, machines, strict=True)
    ]
    counts = Counter(pairs)
    suggestions = RoleSuggestions(enums)
    rules: list[dict[str, Any]] = []
    used: set[tuple[str, str]] = set()
    for variable, step, machine, pair in zip(usable, steps, machines, pairs, strict=True):
        machine_name, signal = pair
        if counts[pair] > 1:
            signal = _with_suffix(signal, variable.address, SIGNAL_MAX, 1)
        attempt = 1
        while (machine_name, signal) in used:
            attempt += 1
            signal = _with_suffix(pair[1], variable.address, SIGNAL_MAX, attempt)
        used.add((machine_name, signal))
        point = {"equipment": f"{_ABOVE}/{machine_name}", "signal": signal}
        rules += _rules_of(variable, point, suggestions.role_of(variable, step, machine))
    return rules


def _rules_of(
    variable: Variable, point: dict[str, str], suggested: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the rule of a variable; of an array, those of its elements and of it as a whole."""
    source = escape_address(variable.address)
    if variable.rank < 0:
        rule: dict[str, Any] = {"source": source, **point, **suggested}
        if variable.unit and not suggested and _is_number(variable):
            rule |= _unit_of(variable.unit)
        if "unit" not in rule and not suggested and variable.datatype in _DATATYPES:
            rule["datatype"] = _DATATYPES[variable.datatype]
        return [rule]
    rules: list[dict[str, Any]] = [{"source": source, **point, "datatype": "json"}]
    element = {"equipment": point["equipment"], "signal": point["signal"] + "[{index}]"}
    if suggested:
        first = {"equipment": point["equipment"], "signal": point["signal"] + "[0]"}
        rules.append({"source": f"{source}[0]", **first, **suggested})
    rest: dict[str, Any] = {"source": f"{source}[{{index}}]", **element}
    if variable.datatype in _DATATYPES:
        rest["datatype"] = _DATATYPES[variable.datatype]
    elif variable.unit and _is_number(variable):
        rest |= _unit_of(variable.unit)
    return [*rules, rest]


def _is_usable(address: str) -> bool:
    """Return whether a point can have this address: the others are stored nowhere."""
    return "\0" not in address and 0 < len(address.encode(errors="replace")) <= ADDRESS_BYTES_MAX


def _is_number(variable: Variable) -> bool:
    return variable.datatype in _NUMBERS or variable.datatype == "Variant"


def _unit_of(unit: str) -> dict[str, str]:
    """Return the unit where it is known; a vendor's own unit is left out."""
    written = _UNITS.get(unit, unit)
    try:
        check_unit(written)
    except (UnitRejected, ValueError):
        return {}
    return {"unit": written}


def _machine_names(name: str, machines: Iterable[BrowseStep | None]) -> dict[Any, str]:
    """Return a name for each machine, all different: with the object above it where needed."""
    by_key = {_key(machine): machine for machine in machines}
    own = {key: _word(name if step is None else step.name) for key, step in by_key.items()}
    counts = Counter(own.values())
    names: dict[Any, str] = {}
    used: set[str] = set()
    for key, step in by_key.items():
        word = own[key]
        if counts[word] > 1 and step is not None and step.parent is not None:
            word = f"{_word(step.parent.name)}-{word}"[:SEGMENT_MAX].rstrip("-_")
        attempt, base = 0, word
        while word in used:
            attempt += 1
            path = "" if step is None else step.path
            word = _with_suffix(base, path, SEGMENT_MAX, attempt)
        used.add(word)
        names[key] = word
    return names


def _key(machine: BrowseStep | None) -> Any:
    if machine is None:
        return None
    return machine.path if machine.node is None else machine.node


def _signal_of(step: BrowseStep, machine: BrowseStep | None) -> str:
    """Return the path below the machine: `status.equipment-starved`."""
    chain = step.chain
    below = chain[chain.index(machine) + 1 :] if machine in chain else chain
    words = [_word(part.name) for part in below if part.name != "Objects" or part is step]
    signal = ".".join(words or ["value"])
    if len(signal) <= SIGNAL_MAX:
        return signal
    return _with_suffix(signal, signal, SIGNAL_MAX, 1)


def _with_suffix(name: str, text: str, length_max: int, attempt: int) -> str:
    """Return the name with a suffix that depends on the text."""
    suffix = suffix_of(text if attempt == 1 else f"{text} {attempt}")
    return f"{name[: length_max - _SUFFIX_MAX].rstrip('-_.')}-{suffix}"


def _word(name: str) -> str:
    """Convert a name to a path segment: cell7, spindle-temp."""
    separated = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    return to_slug(separated).replace("_", "-").strip("-") or "unnamed"
