"""Makes the typed rows of the Python client from the OpenAPI document."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

Document = Mapping[str, Any]
_TYPES: Final = {
    "string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None",
}  # fmt: skip
_PREFIX: Final = "/api/v1/"
# Module → what its docstring says, and the tags of its collections. Later ones import earlier ones.
MODULES: Final = {
    "plant": (
        "Equipment, signals, connectors, and what sources sent.",
        {"equipment", "signals", "connectors", "quality", "events", "mappings", "shifts"},
    ),
    "stops": (
        "Stops, reasons, quantities, notes and orders.",
        {"stops", "reasons", "quantities", "annotations", "orders"},
    ),
    "kpis": ("KPIs, their values, and comparisons.", {"kpis"}),
    "losses": ("Losses, targets, and what runs now.", {"losses", "targets", "overview"}),
    "supply": ("Suppliers, deliveries, materials and stock.", {"supply", "stock"}),
    "access": (
        "Keys, people, sessions and the audit log.", {"audit", "api_keys", "session", "users"},
    ),
}  # fmt: skip
_HEADER: Final = '''"""{text}

Made from the OpenAPI document of the API: see tests/contract/test_client_models.py.
"""

from typing import {typing}
{imports}'''


def collections_of(document: Document) -> dict[str, str]:
    """Return the schema of an item by the path of each collection, without the prefix."""
    schemas = {}
    for path, operations in document["paths"].items():
        if not path.startswith(_PREFIX) or "get" not in operations or "{" in path:
            continue
        content = operations["get"]["responses"].get("200", {}).get("content", {})
        schema = _resolve(document, content.get("application/json", {}).get("schema", {}))
        items = schema.get("properties", {}).get("items", schema)
        if items.get("type") == "array" and (name := _name_in(items["items"])):
            schemas[path.removeprefix(_PREFIX)] = name
    return schemas


def instants_of(document: Document) -> set[str]:
    """Return the names of the fields of items that are instants."""
    names = set()
    for schema in collections_of(document).values():
        for name, field in document["components"]["schemas"][schema]["properties"].items():
            parts = field.get("anyOf", (field,))
            if any(part.get("format") == "date-time" for part in parts):
                names.add(name)
    return names


def modules_of(document: Document) -> dict[str, str]:
    """Return the text of each module of typed rows, by its name."""
    owners: dict[str, str] = {}
    texts = {}
    for module, (text, tags) in MODULES.items():
        roots = [
            schema
            for path, schema in collections_of(document).items()
            if set(document["paths"][_PREFIX + path]["get"]["tags"]) & tags
        ]
        needed = list(dict.fromkeys(name for root in roots for name in _closure(document, root)))
        own = [name for name in needed if name not in owners]
        owners |= dict.fromkeys(own, module)
        foreign: dict[str, list[str]] = {}
        for name in needed:
            if owners[name] != module:
                foreign.setdefault(owners[name], []).append(item_name(name))
        body = "\n\n".join(_class_of(document, name) for name in own)
        imports = "".join(
            f"\nfrom werknetz_client.items.{owner} import {', '.join(sorted(names))}\n"
            for owner, names in sorted(foreign.items())
        )
        typing = ", ".join(name for name in ("Any", "TypedDict") if name in body)
        texts[module] = f"{_HEADER.format(text=text, typing=typing, imports=imports)}\n\n{body}"
    return texts


def item_name(schema: str) -> str:
    return f"{schema.removesuffix('View').removesuffix('Item')}Item"


def _closure(document: Document, name: str) -> Iterator[str]:
    """Yield the objects that an object contains, and then itself."""
    for field in document["components"]["schemas"][name]["properties"].values():
        for inner in _objects_in(document, field):
            yield from _closure(document, inner)
    yield name


def _objects_in(document: Document, schema: Document) -> Iterator[str]:
    if (name := schema.get("$ref", "").rpartition("/")[2]) and _is_object(document, name):
        yield name
    for part in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from _objects_in(document, part)


def _is_object(document: Document, name: str) -> bool:
    return "properties" in document["components"]["schemas"][name]


def _class_of(document: Document, name: str) -> str:
    fields = document["components"]["schemas"][name]["properties"]
    lines = [f"    {field}: {_type_of(document, schema)}" for field, schema in fields.items()]
    return "\n".join([f"class {item_name(name)}(TypedDict):", *lines, ""])


def _type_of(document: Document, schema: Document) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return item_name(name) if _is_object(document, name) else "str"
    if "anyOf" in schema:
        parts = dict.fromkeys(_type_of(document, part) for part in schema["anyOf"])
        return "Any" if "Any" in parts else " | ".join(parts)
    kind = schema.get("type")
    if kind == "array":
        return f"list[{_type_of(document, schema.get('items', {}))}]"
    return "dict[str, Any]" if kind == "object" else _TYPES.get(kind, "Any")


def _name_in(schema: Document) -> str | None:
    """Return the name of the schema; of several, the first."""
    for part in schema.get("anyOf", (schema,)):
        if "$ref" in part:
            return str(part["$ref"]).rpartition("/")[2]
    return None


def _resolve(document: Document, schema: Document) -> Document:
    name = _name_in(schema)
    resolved: Document = schema if name is None else document["components"]["schemas"][name]
    return resolved
