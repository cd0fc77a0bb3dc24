"""Bodies take numbers, truth values and instants as the JSON types that the document states.

A field that converted would count `true` as one item and read a number as an instant in 1970.
"""

from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, ValidationError

from werknetz_core.app import create_app
from werknetz_core.http.guard.json_types import Day, Flag, Number, Whole
from werknetz_core.settings import CoreSettings

CONVERTED = frozenset({"float", "int", "bool", "datetime", "date", "time", "timedelta"})
NOT_VALIDATED = frozenset({"metadata", "serialization", "default", "config"})


def lax_fields(node: object, path: str = "") -> Iterator[str]:
    """Yield the fields of a core schema that convert another JSON type.

    What a function sees first is left out: it decides itself, see `Instant` and `Day`.
    """
    if isinstance(node, list | tuple):
        for inner in node:
            yield from lax_fields(inner, path)
    if not isinstance(node, dict) or node.get("type") == "function-before":
        return
    kind = node.get("type")
    if isinstance(kind, str) and kind in CONVERTED and not node.get("strict"):
        yield f"{path}: {kind}"
    for name, inner in node.items():
        if name not in NOT_VALIDATED:
            yield from lax_fields(inner, path if isinstance(kind, str) else f"{path}/{name}")


def test_no_body_converts_a_json_type() -> None:
    app = create_app(CoreSettings("postgresql://127.0.0.1/x", "redis://127.0.0.1"))
    routes = [context.route for context in iter_route_contexts(app.routes)]
    bodies = [
        (route.path, route.body_field)
        for route in routes
        if isinstance(route, APIRoute) and route.body_field is not None
    ]
    assert len(bodies) > 20
    lax = [
        f"{path} {field}"
        for path, body in bodies
        for field in lax_fields(body._type_adapter.core_schema)
    ]
    assert lax == []


class Body(BaseModel):
    number: Number = 0.0
    whole: Whole = 0
    flag: Flag = False
    day: Day | None = None


@pytest.mark.parametrize(
    ("field", "taken", "refused"),
    [
        ("number", (1, 1.5, -2), (True, "1.5", None)),
        ("whole", (1, -3), (True, 1.0, "1")),
        ("flag", (True, False), (1, 0, "true", "yes")),
        ("day", ("2026-01-31", None), (0, 86_400, True, 1.5)),
    ],
)
def test_a_value_of_another_json_type_is_refused(
    field: str, taken: tuple[object, ...], refused: tuple[object, ...]
) -> None:
    for value in taken:
        Body.model_validate({field: value})
    for value in refused:
        with pytest.raises(ValidationError):
            Body.model_validate({field: value})


def test_the_walk_finds_fields_that_convert() -> None:
    class Lax(BaseModel):
        items: list[dict[str, float | None]]
        fine: Number | None = None

    assert list(lax_fields(Lax.__pydantic_core_schema__)) == ["/items: float"]
