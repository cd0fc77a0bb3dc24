"""`werknetz connect opcua URL` and `werknetz trust`: create an edge file for a server."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError

from werknetz.connector.contract import ConfigurationRejected, ConnectionLost
from werknetz_edge.opcua.config import OpcuaConfig
from werknetz_edge.opcua.connection import pki
from werknetz_edge.opcua.connection.session import load_endpoints, open_session, security_of
from werknetz_edge.opcua.edge_file import format_edge_file, select_variables
from werknetz_edge.opcua.explore.browse import Variable, list_variables
from werknetz_edge.opcua.explore.explorer import Explorer
from werknetz_edge.opcua.explore.machine import load_types

_TIMEOUT_S: Final = 10.0
_SHOWN: Final = 200
_BEST: Final = ("Aes256Sha256RsaPss", "Basic256Sha256", "Aes128Sha256RsaOaep")


def register_connect(app: typer.Typer) -> None:
    connect = typer.Typer(help="Explore a source and write its edge file.", no_args_is_help=True)
    connect.callback()(lambda: None)
    connect.command("opcua")(connect_opcua)
    app.add_typer(connect, name="connect")
    app.command("trust")(trust)


def connect_opcua(
    url: Annotated[str, typer.Argument(help="opc.tcp://host:port/path")],
    *,
    user: Annotated[str | None, typer.Option(help="user name; default: anonymous")] = None,
    password: Annotated[
        str | None, typer.Option(help="better: --password-file", envvar="WERKNETZ_OPCUA_PASSWORD")
    ] = None,
    password_file: Annotated[Path | None, typer.Option(help="file with the password")] = None,
    root: Annotated[
        list[str] | None, typer.Option(help="browse path or node id to start from")
    ] = None,
    pick: Annotated[
        list[str] | None, typer.Option(help="select variables by path or address: '*/Cell7/*'")
    ] = None,
    policy: Annotated[
        str | None, typer.Option(help="security policy; default: the best offered")
    ] = None,
    depth: Annotated[int, typer.Option(help="levels below the root")] = 8,
    name: Annotated[str, typer.Option(help="the connector's id in the edge file")] = "opcua",
    folder: Annotated[Path, typer.Option(help="folder that contains pki/")] = Path("spool"),
    out: Annotated[Path | None, typer.Option(help="edge file to write")] = None,
) -> None:
    """Show endpoints and variables of an OPC UA server, and write an edge file."""
    options = _options(url, root or ["/Objects"], depth, user, password_file)
    try:
        picked_variables = asyncio.run(
            _explore_server(options, policy, password, pick or [], name, folder)
        )
    except ValidationError as error:
        for detail in error.errors():
            typer.echo(f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}", err=True)
        raise typer.Exit(2) from error
    except ConfigurationRejected as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    except (ConnectionLost, OSError) as error:
        reason = str(error) or "no answer in time"
        typer.echo(f"{url} cannot be reached ({reason}): check address and firewall", err=True)
        raise typer.Exit(1) from error
    if out is not None:
        if password:
            typer.echo("the password is not written: set password_file", err=True)
        out.write_text(
            format_edge_file(name, str(out), options, picked_variables), encoding="utf-8"
        )
        typer.echo(f"\nwritten: {out}; name equipment and roles, then: werknetz edge {out}")


def _options(
    url: str, roots: list[str], depth: int, user: str | None, password_file: Path | None
) -> dict[str, Any]:
    """Return the options of the edge file as far as the command line gives them."""
    options: dict[str, Any] = {
        "url": url,
        "browse": [{"root": path, "depth": depth} for path in roots],
    }
    if user is not None:
        options["user"] = user
    if password_file is not None:
        options["password_file"] = str(password_file.resolve())
    return options


async def _explore_server(
    options: dict[str, Any],
    policy: str | None,
    password: str | None,
    patterns: list[str],
    name: str,
    folder: Path,
) -> list[Variable]:
    OpcuaConfig.model_validate(options)  # report wrong options before connecting
    offers = [
        security_of(endpoint) for endpoint in await load_endpoints(options["url"], _TIMEOUT_S)
    ]
    typer.echo("policy                mode")
    for offered, mode in sorted(set(offers)):
        typer.echo(f"{offered:<21} {mode}")
    options |= _security(policy, offers)
    config = OpcuaConfig.model_validate(options | ({"password": password} if password else {}))
    variables = await _browse(config, name, folder)
    picked_variables = select_variables(variables, patterns)
    typer.echo(f"\n{len(variables)} variables, {len(picked_variables)} picked")
    for variable in picked_variables[:_SHOWN]:
        typer.echo(_line(variable))
    if len(picked_variables) > _SHOWN:
        typer.echo(f"… and {len(picked_variables) - _SHOWN} more")
    return picked_variables


def _security(policy: str | None, offers: list[tuple[str, str]]) -> dict[str, Any]:
    """Choose the best policy that the server offers, or the requested one."""
    candidates = [policy] if policy else [*_BEST, "None"]
    for candidate in candidates:
        for mode in ("SignAndEncrypt", "Sign"):
            if candidate != "None" and (candidate, mode) in offers:
                return {"policy": candidate, "mode": mode}
    if "None" in candidates:
        typer.echo("no security: values and names are sent unencrypted", err=True)
        return {"policy": "None", "allow_insecure": True}
    return {"policy": policy}


async def _browse(config: OpcuaConfig, name: str, folder: Path) -> list[Variable]:
    identity = await asyncio.to_thread(pki.load_identity, folder / "pki", name)
    session = await open_session(config, folder, identity)
    try:
        variables = await list_variables(session, config)
        steps = [variable.step for variable in variables if variable.step is not None]
        await load_types(Explorer(session, config.timeout_s), steps)
        return variables
    finally:
        await session.client.stop(close_session=True)


def _line(variable: Variable) -> str:
    kind = variable.datatype + ("[]" if variable.rank >= 0 else "")
    words = ", ".join(f"{number}={word}" for number, word in list(variable.enum_names.items())[:6])
    more = " ".join(filter(None, (variable.unit, f"({words})" if words else "")))
    return f"{variable.path:<50} {kind:<14} {variable.address} {more}".rstrip()


def trust(
    folder: Annotated[Path, typer.Argument(help="the pki folder of the connector")],
    fingerprint: Annotated[str, typer.Argument(help="SHA-256 fingerprint from the error message")],
) -> None:
    """Trust an OPC UA server whose certificate was rejected."""
    try:
        path = pki.trust_certificate(folder, fingerprint)
    except OSError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    typer.echo(f"trusted: {path}")
