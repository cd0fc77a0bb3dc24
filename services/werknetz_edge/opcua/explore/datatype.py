"""Built-in types of data types, and names of enumeration values."""

from collections.abc import Iterable
from typing import Any, Final

from werknetz_edge.opcua.explore.explorer import HAS_PROPERTY, HAS_SUBTYPE, VARIABLE, Explorer
from werknetz_edge.opcua.stack import ua

_ENUMERATION: Final = 29
_NAMES: Final = {24: "Variant", 26: "Number", 27: "Integer", 28: "UInteger", 29: "Enumeration",
                 22: "Structure"}  # fmt: skip
_DATA_TYPE_CLASS: Final = 64
_LEVELS_MAX: Final = 30


def built_in_name(node: Any) -> str | None:
    """Return the name of a built-in type; None for a derived type."""
    if int(node.NamespaceIndex) != 0 or not isinstance(node.Identifier, int):
        return None
    number = int(node.Identifier)
    if number in _NAMES:
        return _NAMES[number]
    return str(ua.VariantType(number).name) if 1 <= number <= 25 else None


async def load_base_types(explorer: Explorer, types: Iterable[Any]) -> dict[Any, str]:
    """Load the built-in type from which each data type is derived."""
    base_types: dict[Any, str] = {}
    ancestors = {node: node for node in types}  # type → the ancestor reached so far
    for _ in range(_LEVELS_MAX):
        for node, ancestor in list(ancestors.items()):
            name = built_in_name(ancestor)
            if name is not None:
                base_types[node] = name
                del ancestors[node]
        if not ancestors:
            break
        order = list(ancestors)
        parents = await explorer.references(
            [ancestors[node] for node in order], HAS_SUBTYPE, inverse=True, classes=_DATA_TYPE_CLASS
        )
        for node, references in zip(order, parents, strict=True):
            if references:
                ancestors[node] = references[0].NodeId
            else:
                base_types[node] = "Variant"
                del ancestors[node]
    return base_types


async def load_supertypes(
    explorer: Explorer, types: Iterable[Any], classes: int
) -> dict[Any, tuple[str, ...]]:
    """Load the browse names of types, each followed by those of the types it is derived from."""
    order = list(types)
    own = await explorer.read(order, ua.AttributeIds.BrowseName)
    names = {
        node: [str(name.Name)] for node, (name,) in zip(order, own, strict=True) if name is not None
    }
    ancestors = {node: node for node in names}
    for _ in range(_LEVELS_MAX):
        order = list(ancestors)
        parents = await explorer.references(
            [ancestors[node] for node in order], HAS_SUBTYPE, inverse=True, classes=classes
        )
        for node, references in zip(order, parents, strict=True):
            if references:
                ancestors[node] = references[0].NodeId
                names[node].append(str(references[0].BrowseName.Name))
            else:
                del ancestors[node]
        if not ancestors:
            break
    return {node: tuple(chain) for node, chain in names.items()}


async def load_enum_names(explorer: Explorer, enumerations: list[Any]) -> dict[Any, dict[int, str]]:
    """Load the names of enumeration values: number → name."""
    properties = await explorer.references(enumerations, HAS_PROPERTY, classes=VARIABLE)
    owners, nodes = [], []
    for owner, references in zip(enumerations, properties, strict=True):
        for reference in references:
            if reference.BrowseName.Name in {"EnumStrings", "EnumValues"}:
                owners.append(owner)
                nodes.append(reference.NodeId)
    values = await explorer.read(nodes, ua.AttributeIds.Value)
    words: dict[Any, dict[int, str]] = {}
    for owner, (value,) in zip(owners, values, strict=True):
        words[owner] = _parse_enum_names(value or [])
    return words


def _parse_enum_names(values: list[Any]) -> dict[int, str]:
    if values and hasattr(values[0], "DisplayName"):
        return {int(item.Value): str(item.DisplayName.Text or "") for item in values}
    return {index: str(getattr(item, "Text", item) or "") for index, item in enumerate(values)}
