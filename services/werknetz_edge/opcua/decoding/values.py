"""Convert OPC UA types to values that JSON can represent."""

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID

from werknetz_edge.opcua.address import address_of
from werknetz_edge.opcua.stack import ua

_Converter = Callable[[Any, Sequence[str]], Any]


def to_json_value(value: Any, namespaces: Sequence[str]) -> Any:
    """Convert a value; a DateTime becomes ISO text, a ByteString base64."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    for kind, convert in _BY_TYPE:
        if isinstance(value, kind):
            return convert(value, namespaces)
    if is_dataclass(value):
        return _structure(value, namespaces)
    return str(value)


def _structure(value: Any, namespaces: Sequence[str]) -> dict[str, Any]:
    return {
        field.name: to_json_value(getattr(value, field.name), namespaces)
        for field in fields(value)
        if field.name != "Encoding"
    }


def _instant(value: datetime, _: Sequence[str]) -> str:
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _qualified_name(name: Any, namespaces: Sequence[str]) -> str:
    index = int(name.NamespaceIndex)
    text = str(name.Name or "")
    if index == 0:
        return text
    uri = namespaces[index] if index < len(namespaces) else str(index)
    return f"{{{uri}}}{text}"


def _unknown_structure(value: Any, namespaces: Sequence[str]) -> dict[str, Any]:
    return {
        "type": address_of(value.TypeId, namespaces),
        "body": base64.b64encode(value.Body or b"").decode(),
    }


_BY_TYPE: Final[tuple[tuple[Any, _Converter], ...]] = (
    (datetime, _instant),
    (bytes, lambda value, _: base64.b64encode(value).decode()),
    (UUID, lambda value, _: str(value)),
    (list | tuple, lambda value, names: [to_json_value(item, names) for item in value]),
    (ua.LocalizedText, lambda value, _: value.Text or ""),
    (ua.QualifiedName, _qualified_name),
    (ua.NodeId, address_of),
    (ua.StatusCode, lambda value, _: int(value.value)),
    (ua.XmlElement, lambda value, _: value.Value),
    (ua.Variant, lambda value, names: to_json_value(value.Value, names)),
    (ua.DataValue, lambda value, names: to_json_value(value.Value, names)),
    (ua.ExtensionObject, _unknown_structure),
)


def cells_of(array: list[Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield index and element of an array of any rank, row by row: "3", in a matrix "2,0"."""
    for index, item in enumerate(array):
        if isinstance(item, list):
            yield from cells_of(item, f"{above}{index},")
        else:
            yield f"{above}{index}", item
