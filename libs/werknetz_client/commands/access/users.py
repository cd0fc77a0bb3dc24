"""`werknetz users`, `sessions` and `whoami`: people, open sessions, and whose key this is."""

from typing import Annotated, Any, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client, Row
from werknetz_client.commands.output import (
    EMPTY,
    Columns,
    Limit,
    Output,
    OutputOption,
    TableOrJson,
    Wide,
    print_collection,
    print_json,
    print_lines,
    text,
    timestamp,
    yes_no,
)
from werknetz_client.errors import WerknetzError

ALL_PLANTS: Final = "all"


def plants_text(value: Any) -> str:
    """Return paths of plants; null means all of them."""
    return ALL_PLANTS if value is None else ", ".join(value) or "none"


USERS: Final[Columns] = {
    "user": ("name", text), "role": ("role", text), "plants": ("plants", plants_text),
    "name": ("display_name", text), "second factor": ("has_totp", yes_no),
    "provider": ("issuer", text), "last sign-in": ("last_signed_in_at", timestamp),
    "disabled": ("disabled_at", timestamp), "e-mail": ("email", text),
    "created": ("created_at", timestamp),
    "password to be replaced by": ("password_valid_until", timestamp),
}  # fmt: skip
SESSIONS: Final[Columns] = {
    "id": ("id", text), "user": ("user", text), "key": ("key", text), "kind": ("kind", text),
    "by": ("method", text), "last used": ("last_used_at", timestamp),
    "ends": ("ends_at", timestamp), "address": ("address", text), "client": ("client", text),
    "created": ("created_at", timestamp),
}  # fmt: skip
Name = Annotated[str, typer.Argument(help="Name that the user signs in with.")]
Role = Annotated[str | None, typer.Option(help="viewer, operator, planner, engineer or admin.")]
Plants = Annotated[
    list[str] | None,
    typer.Option(help="Path of a plant; repeated or comma-separated. `all`: all plants."),
]
DisplayName = Annotated[str | None, typer.Option("--display-name", help="As the page shows it.")]
Email = Annotated[str | None, typer.Option(help="E-mail address.")]


def register(app: typer.Typer) -> None:
    users = get_or_add_group(app, "users", "People who sign in.")
    for name, command in (
        ("list", list_users), ("create", create_user), ("change", change_user),
        ("reset-password", reset_password), ("remove-totp", remove_totp), ("unlock", unlock_user),
        ("delete", delete_user),
    ):  # fmt: skip
        users.command(name)(command)
    sessions = get_or_add_group(app, "sessions", "Open sessions of browsers.")
    sessions.command("list")(list_sessions)
    sessions.command("end")(end_session)
    app.command("whoami")(show_me)


def list_users(limit: Limit = 500, output: OutputOption = Output.TABLE, wide: Wide = False) -> None:
    """List users, also those that are disabled."""
    with Client() as client:
        print_collection(client.users, USERS, output, limit=limit, wide=wide)


def create_user(
    name: Name,
    role: Role = None,
    plants: Plants = None,
    display_name: DisplayName = None,
    email: Email = None,
) -> None:
    """Create a user and print the password, which works for a week. It is not shown again."""
    fields = _fields(role, plants, display_name, email)
    with Client() as client:
        _print_password(client.users.create(name, **fields))


def change_user(
    name: Name,
    *,
    role: Role = None,
    plants: Plants = None,
    display_name: DisplayName = None,
    email: Email = None,
    disable: Annotated[
        bool | None, typer.Option("--disable/--enable", help="No sign-in, no session any more.")
    ] = None,
) -> None:
    """Change a user. Another role, other plants and --disable end the sessions of the user."""
    fields = _fields(role, plants, display_name, email)
    if disable is not None:
        fields["disabled"] = disable
    with Client() as client:
        row = client.users.change(name, **fields)
    state = "disabled" if row["disabled_at"] else "enabled"
    print_lines(f"{row['name']}: {row['role']}, plants {plants_text(row['plants'])}, {state}")


def reset_password(name: Name) -> None:
    """Give a user a new password and print it; the sessions of the user end."""
    with Client() as client:
        _print_password(client.users.reset_password(name))


def remove_totp(name: Name) -> None:
    """Remove the second factor of a user who has lost the phone and the recovery codes."""
    with Client() as client:
        row = client.users.remove_totp(name)
    print_lines(f"{row['name']} signs in without a second factor.")


def unlock_user(name: Name) -> None:
    """Forget failed sign-ins of a user, who then need not wait."""
    with Client() as client:
        client.users.unlock(name)
    print_lines(f"{name} can sign in at once.")


def delete_user(name: Name) -> None:
    """Delete a user with all sessions; entries and the audit log keep the name."""
    with Client() as client:
        client.users.delete(name)
    print_lines(f"Deleted {name}.")


def list_sessions(
    limit: Limit = 500, output: OutputOption = Output.TABLE, wide: Wide = False
) -> None:
    """List open sessions: all of them for an admin, else those of this key."""
    with Client() as client:
        print_collection(client.sessions, SESSIONS, output, limit=limit, wide=wide)


def end_session(
    session_id: Annotated[int, typer.Argument(help="Id as `sessions list` prints it.")],
) -> None:
    """End a session: the browser has to sign in again."""
    with Client() as client:
        client.sessions.end(session_id)
    print_lines(f"Session {session_id} has ended.")


def show_me(output: TableOrJson = Output.TABLE) -> None:
    """Show whose key is in use, and what it may do."""
    with Client() as client:
        me: Row = client.get("/me")
    if output is Output.JSON:
        print_json(me)
        return
    rights = ", ".join([*([me["role"]] if me["role"] else []), *me["scopes"]])
    print_lines(
        f"{me['name']}: {rights or EMPTY}",
        f"plants: {plants_text(me['plants'])}",
        f"expires: {timestamp(me['expires_at'])}",
        f"may: {', '.join(me['permissions'])}",
    )


def _fields(
    role: str | None, plants: list[str] | None, display_name: str | None, email: str | None
) -> dict[str, Any]:
    """Return the fields of the options that were given."""
    fields: dict[str, Any] = {"role": role, "display_name": display_name, "email": email}
    fields = {name: value for name, value in fields.items() if value is not None}
    if plants is not None:
        paths = [path.strip() for text in plants for path in text.split(",")]
        fields["plants"] = None if paths == [ALL_PLANTS] else paths
    return fields


def _print_password(row: Row) -> None:
    """Print the password alone on stdout, so that a script can read it."""
    if row["password"] is None:
        raise WerknetzError(
            f"The user {row['name']} was changed, but the answer with the password was lost.",
            f"werknetz users reset-password {row['name']}",
        )
    until = timestamp(row["password_valid_until"])
    typer.echo(
        f"User {row['name']!r}, role {row['role']}, plants {plants_text(row['plants'])}. The "
        f"password works until {until}; the first sign-in replaces it. It is not shown again.",
        err=True,
    )
    typer.echo(row["password"])
