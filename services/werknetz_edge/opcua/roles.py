"""Roles that the types of companion specifications suggest: states and counters."""

from dataclasses import dataclass, field
from typing import Any, Final

from werknetz_edge.opcua.explore.browse import Variable
from werknetz_edge.opcua.explore.browse_step import BrowseStep

EnumTables = dict[str, dict[str, str]]

# An empty text: the state machine is not active.
_PACKML_STATES: Final = {
    "Clearing": "malfunction", "Stopped": "idle", "Starting": "idle", "Idle": "idle",
    "Suspended": "suspended", "Execute": "producing", "Stopping": "idle",
    "Aborting": "malfunction", "Aborted": "malfunction", "Holding": "malfunction",
    "Held": "malfunction", "Unholding": "malfunction", "Suspending": "suspended",
    "Unsuspending": "suspended", "Resetting": "idle", "Completing": "idle", "Complete": "idle",
    "Completed": "idle", "": "unknown",
}  # fmt: skip
_MACHINERY_STATES: Final = {
    "Executing": "producing", "NotExecuting": "idle", "OutOfService": "malfunction",
    "NotAvailable": "off", "": "unknown",
}  # fmt: skip
# Type of the state machine → name of its table, and the states. The first is preferred.
_STATE_MACHINES: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "MachineryItemState_StateMachineType": ("machinery-item-state", _MACHINERY_STATES),
    "PackMLExecuteStateMachineType": ("packml-state-names", _PACKML_STATES),
}
# Type of the object, name of its variable → role. Each is a running total.
_COUNTERS: Final = {
    ("PackMLAdminObjectType", "ProdProcessedCount"): "total_count",
    ("PackMLAdminObjectType", "ProdDefectiveCount"): "scrap_count",
    ("ProductionJobType", "RunsCompleted"): "good_count",
    ("ProductionProgramType", "RunsCompleted"): "good_count",
    ("IMM_JobsType", "JobGoodPartsCounter"): "good_count",
    ("IMM_JobsType", "JobBadPartsCounter"): "scrap_count",
    ("ActiveJobValuesType", "JobGoodPartsCounter"): "good_count",
    ("ActiveJobValuesType", "JobBadPartsCounter"): "scrap_count",
    ("ActiveJobValuesType", "JobPartsCounter"): "total_count",
}
_COUNT_FIELD: Final = "AccCount"  # of PackML's counters: since the last reset of all
_NO_COUNT: Final = frozenset({"String", "LocalizedText", "Boolean", "DateTime", "ByteString"})


@dataclass(slots=True)
class RoleSuggestions:
    """Suggests each role once per machine."""

    enums: EnumTables
    _suggested: set[tuple[Any, str]] = field(default_factory=set)

    def role_of(
        self, variable: Variable, step: BrowseStep, machine: BrowseStep | None
    ) -> dict[str, Any]:
        """Return the keys of a rule that the types suggest; none where they do not."""
        if machine is None or step.parent is None:
            return {}
        suggested = self._state(variable, step) or _counter(variable, step)
        key = (id(machine), str(suggested.get("role")))
        if not suggested or key in self._suggested:
            return {}
        self._suggested.add(key)
        if "states" in suggested:
            table = str(suggested["states"])
            self.enums[table] = dict(_TABLES[table])
        return suggested

    def _state(self, variable: Variable, step: BrowseStep) -> dict[str, Any]:
        if step.name != "CurrentState" or step.parent is None or variable.rank >= 0:
            return {}
        for type_name, (table, _) in _STATE_MACHINES.items():
            if type_name in step.parent.type_names:
                return {"role": "state", "states": table}
        return {}


_TABLES: Final = dict(_STATE_MACHINES.values())


def _counter(variable: Variable, step: BrowseStep) -> dict[str, Any]:
    types = step.parent.type_names if step.parent is not None else ()
    role = next((_COUNTERS[(t, step.name)] for t in types if (t, step.name) in _COUNTERS), None)
    if role is None or variable.datatype in _NO_COUNT:
        return {}
    if variable.datatype == "Structure":
        return {"role": role, "input": "json", "expression": f"double(value.{_COUNT_FIELD})"}
    return {"role": role} if variable.rank < 0 else {}
