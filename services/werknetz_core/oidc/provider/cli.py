"""The command `werknetz oidc check`: what a provider and this server must know of each other."""

import asyncio
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from werknetz.runtime.settings import SettingError
from werknetz_core.oidc.errors import ProviderUnavailable
from werknetz_core.oidc.provider.connection import ProviderConnection
from werknetz_core.oidc.providers import BACKCHANNEL_LOGOUT, CALLBACK
from werknetz_core.oidc.settings import CONFIG, OidcSettings, ProviderSettings

_err: Final = Console(stderr=True, soft_wrap=True, highlight=False)


def register(app: typer.Typer) -> None:
    oidc = typer.Typer(no_args_is_help=True, help="Signing in at a provider (OpenID Connect).")
    # A callback keeps `check` a command of its own though it is the only one.
    oidc.callback()(lambda: None)
    oidc.command("check")(check_providers)
    app.add_typer(oidc, name="oidc")


def check_providers(
    config: Annotated[
        Path | None,
        typer.Option(envvar=CONFIG, help="TOML file of the providers.", show_default=False),
    ] = None,
) -> None:
    """Check the file of providers, and that each of them answers as this server needs it."""
    if config is None:
        _fail(f"{CONFIG} is not set", "name the TOML file, or write --config FILE")
        raise typer.Exit(1)
    try:
        settings = OidcSettings.load(config)
    except SettingError as error:
        _fail(str(error), "correct it; docs/how-to/oidc.md shows one")
        raise typer.Exit(1) from error
    typer.echo(f"Redirect address to allow at the provider: {settings.base_url}{CALLBACK}")
    typer.echo(f"Back-channel logout address: {settings.base_url}{BACKCHANNEL_LOGOUT}")
    passed = [asyncio.run(_check(provider)) for provider in settings.providers]
    if not all(passed):
        raise typer.Exit(1)


async def _check(provider: ProviderSettings) -> bool:
    connection = ProviderConnection.of(provider)
    try:
        metadata = await connection.metadata()
        await connection.keys.reload()
    except ProviderUnavailable as error:
        _fail(
            f"{provider.name}: {error}",
            f"correct `issuer` ({provider.issuer}), the network or `ca_file`; people sign in with "
            "keys and local accounts meanwhile",
        )
        return False
    finally:
        await connection.close()
    end = "signs out there, too" if metadata.end_session_endpoint else "has no address to sign out"
    client = "with a secret" if provider.client_secret else "without a secret"
    typer.echo(
        f"{provider.name}: {provider.issuer} answers; client {provider.client_id} {client}; "
        f"{len(provider.groups)} rules for groups; the provider {end}."
    )
    return True


def _fail(what: str, remedy: str) -> None:
    _err.print(f"[red]Error:[/] {escape(what)}\n[green]Remedy:[/] {escape(remedy)}")
