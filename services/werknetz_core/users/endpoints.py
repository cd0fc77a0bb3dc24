"""Users: listed, created, changed and deleted by an admin for all plants."""

from typing import Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response

from werknetz.domain.bucket import instant_of
from werknetz.store.accounts.users import PUBLIC_COLUMNS, of_name
from werknetz.store.session import WriteSession
from werknetz.store.tables.access import users
from werknetz_core.access.principal import Principal
from werknetz_core.access.require import MayManageUsers
from werknetz_core.accounts.names import lowered_name
from werknetz_core.accounts.password_change import generate_initial_password
from werknetz_core.context.app_context import (
    AppContext,
    ContextDep,
    ReadSessionDep,
    WriteSessionDep,
)
from werknetz_core.context.collection import query_page
from werknetz_core.http import pagination
from werknetz_core.http.list_params import ListParamsDep
from werknetz_core.http.sorting import Sorting, SortKey, SortType
from werknetz_core.idempotency.route import OnceRoute
from werknetz_core.users import changes
from werknetz_core.users.schemas import NewUser, UserChange, UserView, UserWithPasswordView

router = APIRouter(tags=["users"], route_class=OnceRoute)
_SORTING: Final = Sorting(
    "name",
    tie=SortKey(users.c.name),
    keys={
        "name": SortKey(users.c.name),
        "created_at": SortKey(users.c.created_at, SortType.TIME),
    },
)


@router.get("/users")
async def list_users(
    request: Request, session: ReadSessionDep, principal: MayManageUsers, params: ListParamsDep
) -> pagination.Page[UserView]:
    """List users, also those that are disabled. Sort: name, created_at."""
    principal.require_all_plants()
    query = sa.select(*PUBLIC_COLUMNS)
    return await query_page(request, session, params, query, _SORTING, UserView)


@router.post("/users", status_code=201)
async def create_user(
    new: NewUser, context: ContextDep, session: WriteSessionDep, principal: MayManageUsers
) -> UserWithPasswordView:
    """Create a user. Only this response contains the password, which works for a week.

    The first sign-in replaces it: POST /session with `user`, `password` and `new_password`.
    """
    principal.require_all_plants()
    await _check_plants(context, principal, new.plants)
    password = generate_initial_password()
    hashed = await context.sign_ins.hasher.hash(password)
    row = await changes.create_user(session, principal, new.model_dump(), hashed, context.now_us())
    return UserWithPasswordView.model_validate({**row, "password": password})


@router.get("/users/{name}")
async def show_user(name: str, session: ReadSessionDep, principal: MayManageUsers) -> UserView:
    """Show a user."""
    principal.require_all_plants()
    query = sa.select(*PUBLIC_COLUMNS).where(of_name(name, lowered_name(name)))
    rows = (await session.execute(query)).mappings().all()
    exact = next((row for row in rows if row["name"] == name), rows[0] if rows else None)
    if exact is None:
        raise changes.unknown_user(name)
    return UserView.model_validate(dict(exact))


@router.patch("/users/{name}")
async def change_user(
    name: str,
    change: UserChange,
    context: ContextDep,
    session: WriteSessionDep,
    principal: MayManageUsers,
) -> UserView:
    """Change a user; another role, other plants or `disabled` end the sessions.

    Role and plants of a person who signs in at an OpenID provider follow the groups there, at each
    sign-in.
    """
    principal.require_all_plants()
    values: dict[str, Any] = change.model_dump(exclude_unset=True)
    await _check_plants(context, principal, values.get("plants"))
    row = await changes.lock_user(session, name)
    if "disabled" in values:
        now = instant_of(context.now_us())
        values["disabled_at"] = (row["disabled_at"] or now) if values.pop("disabled") else None
    changed = await changes.change_user(session, principal, row, values, context.now_us())
    return UserView.model_validate(dict(changed))


@router.delete("/users/{name}", status_code=204)
async def delete_user(name: str, session: WriteSessionDep, principal: MayManageUsers) -> Response:
    """Delete a user with all sessions; entries and the audit log keep the name."""
    row = await _lock(session, principal, name)
    await changes.delete_user(session, principal, row)
    return Response(status_code=204)


@router.post("/users/{name}:reset_password")
async def reset_password_of_user(
    name: str, context: ContextDep, session: WriteSessionDep, principal: MayManageUsers
) -> UserWithPasswordView:
    """Give a user a new password, which works for a week; the first sign-in replaces it.

    The sessions of the user end, and failed sign-ins are forgotten. A second factor stays.
    """
    row = await _lock(session, principal, name)
    password = generate_initial_password()
    hashed = await context.sign_ins.hasher.hash(password)
    changed = await changes.reset_password(session, principal, row, hashed, context.now_us())
    return UserWithPasswordView.model_validate({**changed, "password": password})


@router.post("/users/{name}:remove_totp")
async def remove_totp_of_user(
    name: str, session: WriteSessionDep, principal: MayManageUsers
) -> UserView:
    """Remove the second factor of a user who has lost the phone and the recovery codes."""
    row = await _lock(session, principal, name)
    return UserView.model_validate(dict(await changes.remove_totp(session, principal, row)))


@router.post("/users/{name}:unlock", status_code=204)
async def unlock_user(name: str, session: WriteSessionDep, principal: MayManageUsers) -> Response:
    """Forget the failed sign-ins of a user, who then need not wait."""
    row = await _lock(session, principal, name)
    await changes.unlock(session, principal, row)
    return Response(status_code=204)


async def _lock(session: WriteSession, principal: Principal, name: str) -> sa.RowMapping:
    principal.require_all_plants()
    return await changes.lock_user(session, name)


async def _check_plants(
    context: AppContext, principal: Principal, plants: list[str] | None
) -> None:
    """Raise 404 for a plant that does not exist."""
    for plant in plants or ():
        await context.tree.find_node(plant, principal)
