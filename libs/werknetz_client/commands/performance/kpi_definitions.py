"""`werknetz kpi definitions list | show | test | apply | retire | export`: KPIs of your own."""

import re
from pathlib import Path
from typing import Annotated, Final

import typer

from werknetz_client.client import Client, Row
from werknetz_client.commands.output import (
    AuditReason,
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
)
from werknetz_client.errors import WerknetzError

Name = Annotated[str, typer.Argument(help="Id of the KPI, such as setup_share.")]
File = Annotated[Path, typer.Argument(help="YAML of the definition.")]
DEFINITIONS: Final[Columns] = {
    "id": ("id", text), "version": ("version", text), "valid from": ("valid_from", timestamp),
    "formula": ("formula", text), "unit": ("unit", text), "better": ("better", text),
    "retired": ("retired_at", timestamp), "problem": ("problem", text),
}  # fmt: skip
_ID: Final = re.compile(r"^id:\s*['\"]?([A-Za-z0-9_.-]+)", re.MULTILINE)


def register(group: typer.Typer) -> None:
    commands = typer.Typer(help="KPIs of your own: YAML with a formula over elements.")
    for name, command in (
        ("list", list_definitions), ("show", show_definition), ("test", check_definition),
        ("apply", apply_definition), ("retire", retire_definition), ("export", export_definitions),
    ):  # fmt: skip
        commands.command(name)(command)
    group.add_typer(commands, name="definitions", no_args_is_help=True)


def list_definitions(
    retired: Annotated[
        bool, typer.Option("--retired", help="Also those that are retired.")
    ] = False,
    limit: Limit = 100,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List your own KPIs, each with its newest version."""
    with Client() as client:
        print_collection(
            client.kpi_definitions, DEFINITIONS, output, limit=limit, wide=wide, retired=retired
        )


def show_definition(
    name: Name,
    version: Annotated[int | None, typer.Option(help="Default: the newest.")] = None,
    output: TableOrJson = Output.TABLE,
) -> None:
    """Show the versions of an own KPI, and the YAML of one of them."""
    with Client() as client:
        definition = client.kpi_definitions.get(name)
    if output is Output.JSON:
        print_json(definition)
        return
    versions = {row["version"]: row for row in definition["versions"]}
    for row in versions.values():
        retired = "" if row["retired_at"] is None else f", retired {timestamp(row['retired_at'])}"
        print_lines(
            f"# version {row['version']}, valid from {timestamp(row['valid_from'])}, entered by "
            f"{row['entered_by']} {timestamp(row['entered_at'])}{retired}"
        )
    number = definition["version"] if version is None else version
    if number not in versions:
        raise WerknetzError(f"{name} has no version {number}.", f"There are 1 to {len(versions)}.")
    if definition["problem"]:
        print_lines(f"# cannot be used: {definition['problem']}")
    print_lines(*versions[number]["yaml"].splitlines())


def check_definition(file: File) -> None:
    """Check a definition and run its test cases; nothing is stored."""
    with Client() as client:
        result = client.kpi_definitions.test(_read(file))
    stored = (
        "it is stored as it is"
        if result["is_stored"]
        else "`werknetz kpi definitions apply` stores it"
    )
    print_lines(
        f"{result['id']}: {result['tests']} test cases pass; inputs "
        f"{', '.join(result['inputs'])}; {stored}."
    )


def apply_definition(file: File, reason: AuditReason = None) -> None:
    """Store a definition as a new version; the same content again changes nothing."""
    document = _read(file)
    match = _ID.search(document)
    if match is None:
        raise WerknetzError(f"{file} has no id.", "Begin it with a line such as id: setup_share.")
    with Client() as client:
        definition = client.kpi_definitions.put(match[1], document, reason=reason)
    _print_stored(definition)


def retire_definition(name: Name, reason: AuditReason = None) -> None:
    """Retire an own KPI: it has no values any more; its versions stay."""
    with Client() as client:
        client.kpi_definitions.retire(name, reason=reason)
    print_lines(f"{name} is retired; `werknetz kpi definitions apply` brings it back.")


def export_definitions(
    names: Annotated[list[str] | None, typer.Argument(help="KPIs; none: all.")] = None,
) -> None:
    """Print definitions as KPI-ML, the XML of MESA for ISO 22400: own KPIs and standard ones."""
    with Client() as client:
        print_lines(client.kpi_definitions.export_kpi_ml(names or []))


def _print_stored(definition: Row) -> None:
    print_lines(
        f"{definition['id']}: version {definition['version']}, valid from "
        f"{timestamp(definition['valid_from'])}: {definition['formula']}"
    )


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WerknetzError(f"{file} cannot be read: {error}", "Name a YAML file.") from error
