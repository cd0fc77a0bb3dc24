"""The OpenAPI document: what FastAPI derives, plus every error as it is really answered."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from werknetz_core.http.guard.values import PARAMETER_CHARACTERS_MAX
from werknetz_core.http.problem import MEDIA_TYPE

_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})
_DEFAULT_ERRORS: Final = ("HTTPValidationError", "ValidationError")
_REFERENCE: Final = {"$ref": "#/components/schemas/Problem"}
_SENTENCE: Final[dict[str, Any]] = {
    "type": ["object", "null"],
    "description": "What a program makes a text of its own of; null: there is only the text.",
    "required": ["code", "fields"],
    "properties": {
        "code": {"type": "string", "examples": ["requests.unknown_parameter"]},
        "fields": {"type": "object", "examples": [{"name": "knid"}]},
    },
}
_PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457. `hint` says what to do next; `trace_id` is found in the log.",
    "required": [
        "type", "title", "status", "detail", "hint", "sentences", "errors", "instance", "trace_id",
    ],
    "properties": {
        "type": {"type": "string", "examples": ["urn:werknetz:problem:invalid_parameter"]},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
        "sentences": {
            "type": "object",
            "description": "Codes and fields of `detail` and `hint`, which are in the language of "
            "Accept-Language: German or English.",
            "required": ["detail", "hint"],
            "properties": {"detail": _SENTENCE, "hint": _SENTENCE},
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail", "sentence"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "RFC 6901, from path, query or body.",
                        "examples": ["/query/limit", "/body/items/0/name"],
                    },
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "sentence": _SENTENCE,
                },
            },
        },
        "instance": {"type": "string"},
        "trace_id": {"type": "string"},
    },
}  # fmt: skip
_TABLES: Final[dict[str, Any]] = {
    "application/x-ndjson": {"schema": {"type": "string", "description": "An item per line."}},
    "text/csv": {"schema": {"type": "string", "description": "A header line, then the items."}},
}
_TEXTS: Final = {
    "401": "No key, or one that is unknown, revoked or expired.",
    "403": "The key may not do this, or not in this plant.",
    "404": "There is no such object.",
    "409": "The object is in another state, or another request changed it at this moment.",
    "413": "The body is too large.",
    "422": "A value is wrong or unknown; `errors` names each.",
    "429": "Too many requests of this key, or wrong keys of this address.",
    "431": "The URL and the headers are too long.",
    "503": "PostgreSQL or another part does not answer.",
}


def openapi_of(app: FastAPI, *, description: str, public: tuple[str, ...]) -> dict[str, Any]:
    """Return the document; `public` are the paths that need no key."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=description, routes=app.routes
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        document["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        document["security"] = [{"bearer": []}, {"header": []}]
        for name in _DEFAULT_ERRORS:
            schemas.pop(name, None)
        schemas["Problem"] = _PROBLEM
        for path, method, operation in _operations_of(document):
            if path in public:
                operation["security"] = []
            _document_errors(path, method, operation, is_public=path in public)
            for parameter in operation.get("parameters", ()):
                _add_bounds(parameter["schema"])
        app.openapi_schema = document
    return app.openapi_schema


def _operations_of(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method in methods.keys() & _METHODS:
            yield path, method, methods[method]


def _document_errors(path: str, method: str, operation: dict[str, Any], *, is_public: bool) -> None:
    """Add the errors that the operation may answer, each as a problem document."""
    statuses = {"422", "431", "503"}
    if not is_public:
        statuses |= {"401", "403", "404", "429"}
    if "{" in path:
        statuses |= {"404"}
    if method != "get":
        statuses |= {"409", "413"}
    responses = operation["responses"]
    for status in sorted(statuses | (responses.keys() & _TEXTS.keys())):
        stated = responses.get(status, {})
        is_default = status == "422" or "content" not in stated
        if is_default:
            responses[status] = {
                "description": _TEXTS[status],
                "content": {MEDIA_TYPE: {"schema": _REFERENCE}},
            }
    if any(parameter["name"] == "format" for parameter in operation.get("parameters", ())):
        responses["200"]["content"] |= _TABLES
    operation["responses"] = dict(sorted(responses.items()))


def _add_bounds(schema: dict[str, Any]) -> None:
    """State the bounds that the guard sets for every parameter."""
    for part in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        _add_bounds(part)
    kind = schema.get("type")
    if kind == "string" and not schema.keys() & {"enum", "format", "const", "maxLength"}:
        schema["maxLength"] = PARAMETER_CHARACTERS_MAX
    if kind == "integer" and not schema.keys() & {"maximum", "exclusiveMaximum"}:
        schema["format"] = "int64"
