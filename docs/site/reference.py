"""Reference pages generated from the code: configuration, events, KPIs, commands, routes."""

import importlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import typer.main
from pydantic import BaseModel
from typer.cli import get_docs_for_click

from werknetz.events.facts import KINDS, fields_of, required_fields_of
from werknetz.events.required import NEEDS, Need
from werknetz.kpi.catalogue import CATALOGUE
from werknetz.runtime.environment import VARIABLES
from werknetz_client.cli import root
from werknetz_core.access.permissions import (
    MEANINGS,
    PERMISSIONS_OF_ROLES,
    PERMISSIONS_OF_SCOPES,
    KeyRole,
    KeyScope,
    Permission,
)
from werknetz_core.access.require import permissions_by_route
from werknetz_core.app import create_app
from werknetz_core.settings import CoreSettings

OPENAPI: Final = Path(__file__).parents[2] / "services/dashboard/openapi.json"
CONNECTORS: Final[Mapping[str, tuple[str, str]]] = {
    "opcua": ("werknetz_edge.opcua.config", "OpcuaConfig"),
    "mqtt": ("werknetz_edge.mqtt.config", "MqttConfig"),
    "sparkplug": ("werknetz_edge.sparkplug.config", "SparkplugConfig"),
    "modbus": ("werknetz_edge.modbus.config", "ModbusConfig"),
    "s7": ("werknetz_edge.s7.config", "S7Config"),
    "edi": ("werknetz_edge.edi.config", "EdiConfig"),
    "tables": ("werknetz_edge.tables.config", "TablesConfig"),
    "sql": ("werknetz_edge.sql.config", "SqlConfig"),
    "rest": ("werknetz_edge.rest.config", "RestConfig"),
    "webhook": ("werknetz_edge.webhook.config", "WebhookConfig"),
    "idoc": ("werknetz_edge.idoc.config", "IdocConfig"),
}
"""Protocol → the pydantic model of `options` in an edge file."""


def connectors_page() -> str:
    parts = [
        "# Connector options\n",
        (
            "The keys under `options` of an [edge file](edge-file.md), by protocol. "
            "Unknown keys are refused with the nearest name.\n"
        ),
    ]
    for protocol, (module, name) in CONNECTORS.items():
        model = getattr(importlib.import_module(module), name)
        parts.append(f"## {protocol}\n")
        parts.append(_model(model, level=3, prefix=protocol))
    return "\n".join(parts)


def edge_file_page() -> str:
    from werknetz_edge.config import EdgeForm

    return "\n".join(
        [
            "# Edge file\n",
            (
                "An edge is one YAML file: which source, which spool, which mapping. "
                "`werknetz mapping check FILE` checks it and names the line of each error.\n"
            ),
            _model(EdgeForm, level=2, prefix="edge"),
        ]
    )


def events_page() -> str:
    parts = [
        "# Event kinds\n",
        (
            "A business record becomes an event of one of these kinds. A record without a required "
            "field goes to quarantine. Names that end in `_us` are instants: microseconds "
            "since 1970 in UTC inside the platform; mappings write them as times.\n"
        ),
    ]
    for kind, struct in KINDS.items():
        required = set(required_fields_of(kind))
        parts.append(f"## {kind}\n")
        if struct.__doc__ and not struct.__doc__.startswith(struct.__name__):
            parts.append(f"{_cell(struct.__doc__)}\n")
        parts += ["| field | type | required |", "| --- | --- | --- |"]
        parts += [
            f"| `{name}` | {_cell(_type_name(type_))} | {'yes' if name in required else ''} |"
            for name, type_ in fields_of(kind).items()
        ]
        parts.append("")
        parts += [f"* {_sentence_of(need)}" for need in NEEDS.get(kind, ())]
        parts.append("")
    return "\n".join(parts)


def _sentence_of(need: Need) -> str:
    """Return which fields can meet a need, and when it does not hold."""
    sentence = f"Required: {_join_names(need.fields)}"
    if need.only_with:
        sentence += f", where a record or mapping has {_join_names(need.only_with)}"
    if need.unless:
        others = [
            f"`{name}`" + (f" {' or '.join(map(str, values))}" if values else "")
            for name, values in need.unless.items()
        ]
        sentence += f"; not with {', '.join(others)}"
    return sentence + "."


def _join_names(names: Sequence[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)


def kpis_page() -> str:
    parts = [
        "# KPI catalogue\n",
        (
            "Every KPI is a formula over summed elements; numbers are those of ISO 22400-2. "
            "A value that is not defined is null with a reason.\n"
        ),
        "| KPI | No | formula | unit | better | scope | description |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    parts += [
        f"| `{kpi.name}` | {kpi.number or ''} | {_cell(kpi.formula)} | {kpi.unit} | {kpi.trend}"
        f" | {', '.join(kpi.scope)} | {_cell(kpi.description)} |"
        for kpi in CATALOGUE.values()
    ]
    return "\n".join([*parts, ""])


def cli_page() -> str:
    command = typer.main.get_command(root())
    context = typer.Context(command, info_name="werknetz")
    text = get_docs_for_click(obj=command, ctx=context, name="werknetz", title="Command line")
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def http_api_page() -> str:
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    parts = [
        "# HTTP API\n",
        (
            "A running server has the whole description at `/docs` (Swagger UI, offline) and at "
            "`/openapi.json`. All routes below take an API key as `Authorization: Bearer` or "
            "`X-API-Key`, except `info` and `health`.\n"
        ),
        "| route | method | what it does | query parameters |",
        "| --- | --- | --- | --- |",
    ]
    for path, operations in sorted(document["paths"].items()):
        for method, operation in operations.items():
            query = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"]
            summary = operation.get("description") or operation.get("summary", "")
            parts.append(
                f"| `{path.replace('{', '{').removeprefix('/api/v1')}` | {method.upper()}"
                f" | {_cell(summary)} | {', '.join(f'`{name}`' for name in query)} |"
            )
    return "\n".join([*parts, ""])


def environment_page() -> str:
    parts = [
        "# Environment variables\n",
        (
            "Where `NAME_FILE` is possible, it names a file that holds the value. "
            "An unknown variable that begins with `WERKNETZ_` is an error that names the nearest "
            "known one.\n"
        ),
        "| variable | `_FILE` | read by | meaning |",
        "| --- | --- | --- | --- |",
    ]
    parts += [
        f"| `{variable.name}` | {'yes' if variable.has_file_form else ''}"
        f" | {', '.join(variable.readers)} | {_cell(variable.description)} |"
        for variable in VARIABLES
        if "tests" not in variable.readers
    ]
    return "\n".join([*parts, ""])


def permissions_page() -> str:
    parts = [
        "# Roles, scopes and permissions\n",
        (
            "Each route requires one permission. A person's key has a role, a program's key has "
            "scopes; a key may have both, and may then do what either may. Plants limit all of "
            "it: rows of other plants are never shown or changed. What is not listed is denied "
            "with 403 `permission_missing`, which names the permission and who has it.\n"
        ),
        "```",
        "werknetz keys create 'line tablet' --role operator --plants nordwerk/emden-1",
        "werknetz keys create 'MES of Emden' --scope ingest --scope read",
        "```\n",
        "## Roles\n",
        _matrix(KeyRole, PERMISSIONS_OF_ROLES),
        "## Scopes\n",
        "Whoever may create keys can create one that may do everything: so may `admin`.\n",
        _matrix(KeyScope, PERMISSIONS_OF_SCOPES),
        "## Routes\n",
        "| route | method | permission |",
        "| --- | --- | --- |",
    ]
    routes = permissions_by_route(create_app(CoreSettings("postgresql://nowhere")))
    parts += [
        f"| `{path.replace(':path}', '}')}` | {method}"
        f" | {'needs no key' if permission is None else f'`{permission}`'} |"
        for method, path, permission in sorted(routes, key=lambda route: (route[1], route[0]))
    ]
    return "\n".join([*parts, ""])


def _matrix(kind: type[StrEnum], table: Mapping[Any, Collection[Permission]]) -> str:
    """Return who has which permission, one column for each member of `kind`."""
    members = list(kind)
    rows = [
        f"| `{permission}`: {_cell(MEANINGS[permission])} | "
        + " | ".join("yes" if permission in table[member] else "" for member in members)
        + " |"
        for permission in Permission
    ]
    head = ["| permission | " + " | ".join(members) + " |", "| --- |" + " --- |" * len(members)]
    return "\n".join([*head, *rows, ""])


def _model(model: type[BaseModel], *, level: int, prefix: str) -> str:
    """Return a table of the model's fields, and one for each model that they refer to."""
    schema = model.model_json_schema()
    definitions: dict[str, Any] = schema.get("$defs", {})
    parts = [_fields(schema, prefix)]
    for name, definition in definitions.items():
        if "properties" in definition:
            parts.append(f"{'#' * level} {name} {{ #{_anchor(prefix, name)} }}\n")
            parts.append(_fields(definition, prefix))
        elif "enum" in definition:
            values = ", ".join(f"`{value}`" for value in definition["enum"])
            parts.append(f"{'#' * level} {name} {{ #{_anchor(prefix, name)} }}\n")
            parts.append(f"One of {values}.\n")
    return "\n".join(parts)


def _fields(schema: Mapping[str, Any], prefix: str) -> str:
    required = set(schema.get("required", ()))
    rows = ["| key | type | default | description |", "| --- | --- | --- | --- |"]
    for name, field in schema.get("properties", {}).items():
        default = "required" if name in required else _default(field)
        rows.append(
            f"| `{name}` | {_schema_type(field, prefix)} | {default}"
            f" | {_cell(field.get('description', ''))} |"
        )
    description = schema.get("description")
    return "\n".join([*([f"{_cell(description)}\n"] if description else []), *rows, ""])


def _default(field: Mapping[str, Any]) -> str:
    if "default" not in field or field["default"] is None:
        return ""
    return f"`{json.dumps(field['default'], ensure_ascii=False)}`".replace("|", "\\|")


def _schema_type(field: Mapping[str, Any], prefix: str) -> str:
    return " or ".join(dict.fromkeys(_types(field, prefix))) or "any"


def _types(field: Mapping[str, Any], prefix: str) -> Iterator[str]:
    if reference := field.get("$ref"):
        name = reference.rpartition("/")[2]
        yield f"[{name}](#{_anchor(prefix, name)})"
    for choice in (*field.get("anyOf", ()), *field.get("oneOf", ())):
        yield from _types(choice, prefix)
    if "enum" in field:
        yield ", ".join(f"`{value}`" for value in field["enum"])
    elif "const" in field:
        yield f"`{field['const']}`"
    elif field.get("type") == "array":
        yield f"list of {_schema_type(field.get('items', {}), prefix)}"
    elif field.get("type") == "object" and isinstance(field.get("additionalProperties"), dict):
        yield f"map of {_schema_type(field['additionalProperties'], prefix)}"
    elif field.get("type") not in (None, "null"):
        yield str(field["type"])


def _anchor(prefix: str, name: str) -> str:
    return f"{prefix}-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}"


def _type_name(type_: object) -> str:
    return str(getattr(type_, "value", None) or getattr(type_, "__name__", type_))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


PAGES: Final[Mapping[str, Callable[[], str]]] = {
    "connectors": connectors_page,
    "edge-file": edge_file_page,
    "events": events_page,
    "kpis": kpis_page,
    "cli": cli_page,
    "http-api": http_api_page,
    "environment": environment_page,
    "permissions": permissions_page,
}
