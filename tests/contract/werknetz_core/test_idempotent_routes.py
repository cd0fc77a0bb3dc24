"""Each POST that changes something takes an Idempotency-Key, and stores no secret of its answer."""

import re
from collections.abc import Iterator
from typing import Any, Final

from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from werknetz_core.app import create_app
from werknetz_core.idempotency.route import CHANGES_NOTHING, OnceRoute, secrets_of
from werknetz_core.settings import CoreSettings

APP: Final = create_app(CoreSettings("postgresql://nowhere"))
# POSTs that take none, and why.
WITHOUT_KEY: Final = {
    "/api/v1/reasons:order": "a repetition sets the same order",
    "/api/v1/session": "each sign-in opens a session of its own; nobody is signed in yet",
    "/api/v1/session/oidc/backchannel_logout": "the provider sends it; a repetition ends nothing",
    "/api/v1/session/oidc/logout": "a session that has ended is not there for a repetition",
    **dict.fromkeys(
        (
            "/api/v1/me:change_password",
            "/api/v1/me/totp",
            "/api/v1/me/totp:confirm",
            "/api/v1/me/totp:remove",
        ),
        "a person confirms it with the password or a code, which a repetition no longer has",
    ),
}
SECRET: Final = re.compile(r"key$|password|secret|token|recovery", re.IGNORECASE)
# Fields whose name looks like a secret.
PUBLIC: Final = {("CreatedApiKeyView", "prefix")}


def posts() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in APP.openapi()["paths"].items():
        if "post" in operations:
            yield path, operations["post"]


def once_routes() -> Iterator[OnceRoute]:
    for context in iter_route_contexts(APP.routes):
        route = getattr(context, "original_route", context)
        if isinstance(route, OnceRoute) and route.takes_key:
            yield route


def test_each_post_takes_a_key_or_a_reason_is_given() -> None:
    without = {
        path
        for path, operation in posts()
        if not path.endswith(CHANGES_NOTHING)
        and "Idempotency-Key" not in {p["name"] for p in operation.get("parameters", ())}
    }
    assert without == WITHOUT_KEY.keys()


def test_secrets_of_answers_are_marked() -> None:
    routes = list(once_routes())
    assert len(routes) > 15
    unmarked = []
    for route in routes:
        model = route.response_model
        if isinstance(model, type) and issubclass(model, BaseModel):
            names = {name for name in model.model_fields if SECRET.search(name)}
            unmarked += [
                (model.__name__, name)
                for name in names - set(secrets_of(model))
                if not name.endswith(("_at", "_until")) and not name.startswith("has_")
            ]
    assert not set(unmarked) - PUBLIC
