"""Which object is the machine of a variable: by companion types, identification, or position."""

from collections.abc import Iterable
from typing import Any, Final

from werknetz_edge.opcua.explore.browse_step import BrowseStep
from werknetz_edge.opcua.explore.datatype import load_supertypes
from werknetz_edge.opcua.explore.explorer import Explorer

OBJECT_TYPE: Final = 8
_HAS_TYPE_DEFINITION: Final = 40
# Types of OPC UA for Devices, PackML, Machine Tools, Machinery, Weihenstephan, Euromap.
_MACHINE_TYPES: Final = frozenset({
    "TopologyElementType", "DeviceType", "ComponentType", "PackMLBaseObjectType",
    "MachineToolType", "MachineryItemType", "MachineType", "IMM_MES_InterfaceType",
    "WSMachineType", "WSBaseObjectType", "RoboticsSystemType", "MotionDeviceSystemType",
})  # fmt: skip
_FOLDER: Final = "FolderType"
_COLLECTIONS: Final = frozenset({"Machines", "DeviceSet"})  # each object below is an instance
_STANDARD: Final = frozenset({"Objects", "Server", "Aliases", "Locations", "Root"})


async def load_types(explorer: Explorer, steps: Iterable[BrowseStep]) -> None:
    """Load the names of the types of all objects on the way to these steps."""
    objects = {id(s): s for step in steps for s in step.chain if s.is_object and s.node is not None}
    unknown = [step for step in objects.values() if step.type_node is None]
    references = await explorer.references(
        [step.node for step in unknown], _HAS_TYPE_DEFINITION, classes=OBJECT_TYPE
    )
    for step, definitions in zip(unknown, references, strict=True):
        step.type_node = definitions[0].NodeId if definitions else None
    types: set[Any] = {s.type_node for s in objects.values() if s.type_node is not None}
    names = await load_supertypes(explorer, types, OBJECT_TYPE)
    for step in objects.values():
        step.type_names = names.get(step.type_node, ())


def machine_of(variable: BrowseStep) -> BrowseStep | None:
    """Return the object that is the machine of a variable; None where no object encloses it.

    The outermost instance of a companion type or with an identification; else the outermost
    object that is not a folder; else the folder of the variable.
    """
    steps = [step for step in variable.chain[:-1] if step.is_object and step.name not in _STANDARD]
    for step in steps:
        if _is_machine(step):
            return step
    for step in steps:
        if not _is_folder(step):
            return step
    return steps[-1] if steps else None


def _is_machine(step: BrowseStep) -> bool:
    if step.has_identification or not _MACHINE_TYPES.isdisjoint(step.type_names):
        return True
    is_listed = step.parent is not None and step.parent.name in _COLLECTIONS
    return is_listed and not _is_folder(step) and step.name != "DeviceFeatures"


def _is_folder(step: BrowseStep) -> bool:
    return _FOLDER in step.type_names or step.name in _COLLECTIONS
