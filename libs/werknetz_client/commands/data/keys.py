"""`werknetz keys create | list | rotate | revoke` over the API, for admins.

On a server with WERKNETZ_DATABASE_URL the commands of the core work in the database instead: there
may be no key yet.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

import typer

from werknetz.runtime.command import get_or_add_group
from werknetz_client.client import Client, Row
from werknetz_client.commands.output import (
    Columns,
    Limit,
    Output,
    OutputOption,
    Wide,
    print_collection,
    print_lines,
    prose,
    text,
    timestamp,
)
from werknetz_client.errors import WerknetzError

KEYS: Final[Columns] = {
    "prefix": ("prefix", text), "name": ("name", text), "role": ("role", text),
    "scopes": ("scopes", text), "plants": ("plants", prose), "created": ("created_at", timestamp),
    "expires": ("expires_at", timestamp), "last used": ("last_used_at", timestamp),
    "former until": ("former_valid_until", timestamp), "revoked": ("revoked_at", timestamp),
}  # fmt: skip
_LENGTH: Final = re.compile(r"(\d{1,5})([dh])")
Prefix = Annotated[str, typer.Argument(help="Prefix of the key.")]


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "keys", "API keys, over the API: for admins.")
    for name, command in (
        ("create", create_key), ("list", list_keys), ("rotate", rotate_key), ("revoke", revoke_key),
    ):  # fmt: skip
        commands.command(name)(command)


def create_key(
    name: str,
    *,
    role: Annotated[
        str | None, typer.Option(help="Of a person: viewer, operator, planner, engineer, admin.")
    ] = None,
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", help="Of a program: read, ingest …; repeated or comma-separated."),
    ] = None,
    plants: Annotated[
        list[str] | None,
        typer.Option(help="Path of a plant; repeated or comma-separated. Default: all."),
    ] = None,
    expires: Annotated[str, typer.Option(help="90d, or never")] = "365d",
) -> None:
    """Create an API key and print it. It is not shown again."""
    fields: dict[str, object] = {
        "scopes": _split("--scope", scopes), "plants": _split("--plants", plants) or None,
        "expires_days": _days_of(expires),
    }  # fmt: skip
    if role is not None:
        fields["role"] = role
    with Client() as client:
        row = client.api_keys.create(name, **fields)
    rights = [f"role {row['role']}"] if row["role"] else []
    rights += [f"scope {scope}" for scope in row["scopes"]]
    _print_secret(row, f"Key for {name!r}, {', '.join(rights)}.")


def list_keys(limit: Limit = 500, output: OutputOption = Output.TABLE, wide: Wide = False) -> None:
    """List the API keys by prefix."""
    with Client() as client:
        print_collection(
            client.api_keys, KEYS, output, limit=limit, wide=wide, rows_of=_with_plants
        )


def rotate_key(
    prefix: Prefix,
    overlap: Annotated[
        str, typer.Option(help="How long the former secret works: 7d, 12h, or 0.")
    ] = "7d",
    expires: Annotated[str | None, typer.Option(help="365d. Default: as before.")] = None,
) -> None:
    """Give a key a new secret and print it. Name, role, scopes, plants and prefix stay."""
    days = None if expires is None else _days_of(expires)
    with Client() as client:
        row = client.api_keys.rotate(
            _prefix_of(prefix), overlap_hours=_hours_of(overlap), expires_days=days
        )
    until = timestamp(row["former_valid_until"])
    _print_secret(row, f"New secret of {row['name']!r}. The former one works until {until}.")


def revoke_key(prefix: Prefix) -> None:
    """Revoke an API key by its prefix. It stops working within seconds."""
    with Client() as client:
        row = client.api_keys.revoke(_prefix_of(prefix))
    print_lines(f"Revoked {row['prefix']} ({row['name']}).")


def _print_secret(row: Row, sentence: str) -> None:
    """Print the key alone on the standard output, so that a script can take it."""
    if row["key"] is None:
        raise WerknetzError(
            f"The key {row['prefix']} was made, but the answer with its secret was lost.",
            f"werknetz keys rotate {row['prefix']} --overlap 0",
        )
    typer.echo(f"{sentence} Store it: it is not shown again.", err=True)
    typer.echo(row["key"])


def _split(option: str, texts: Sequence[str] | None) -> list[str]:
    """Return the names in an option; an empty one must not stand for the default."""
    parts = [part.strip() for part in ",".join(texts).split(",")] if texts else []
    if not all(parts):
        raise WerknetzError(f"{option} is empty.", "Name at least one, or leave the option out.")
    return parts


def _days_of(length: str) -> int | None:
    if length == "never":
        return None
    match = _LENGTH.fullmatch(length)
    if match is None or match[2] != "d" or int(match[1]) == 0:
        raise WerknetzError(f"--expires {length!r} is no number of days.", "Write 90d, or never.")
    return int(match[1])


def _hours_of(length: str) -> int:
    match = _LENGTH.fullmatch("0h" if length == "0" else length)
    if match is None:
        raise WerknetzError(f"--overlap {length!r} is no length.", "Write 7d, 12h, or 0.")
    return int(match[1]) * (24 if match[2] == "d" else 1)


def _prefix_of(name: str) -> str:
    """Return the prefix; a whole key is accepted, too."""
    return name.split("_")[1] if name.startswith("wn_") else name


def _with_plants(row: Row) -> Iterator[Row]:
    yield {**row, "plants": "all" if row["plants"] is None else row["plants"]}
