"""The methods that a path supports: routing names only those of the first route that matches."""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.types import Scope


def allowed_methods(app: FastAPI, scope: Scope) -> list[str]:
    """Return the methods of all routes that match the path of a request, sorted."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    methods: set[str] = set()
    for route in iter_route_contexts(app.routes):
        if route.methods and route.path_regex.match(path):
            methods |= route.methods
    return sorted(methods)
