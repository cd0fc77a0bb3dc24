"""`werknetz reasons list | set | order | code | codes`: why machines stop and parts are scrap."""

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
    text,
    yes_no,
)

REASONS: Final[Columns] = {
    "reason": ("code", text), "English": ("name_en", text), "German": ("name_de", text),
    "above": ("parent", text), "category": ("category", text), "state": ("state", text),
    "planned": ("planned", yes_no), "against availability": ("counts_against_availability", yes_no),
    "plant": ("plant", text), "kind": ("kind", text),
}  # fmt: skip
CODES: Final[Columns] = {
    "equipment": ("equipment", text), "code": ("state_code", text), "reason": ("reason", text),
    "kind": ("kind", text),
}  # fmt: skip


def register(app: typer.Typer) -> None:
    commands = get_or_add_group(app, "reasons", "Reasons of stops and scrap.")
    for name, command in (
        ("list", list_reasons), ("set", set_reason), ("order", order_reasons), ("code", set_code),
        ("codes", list_codes),
    ):  # fmt: skip
        commands.command(name)(command)


def list_reasons(
    under: Annotated[str | None, typer.Option(help="With those of its plant.")] = None,
    kind: Annotated[str | None, typer.Option(help="stop or scrap.")] = None,
    retired: Annotated[bool, typer.Option("--retired", help="Also retired ones.")] = False,
    limit: Limit = 500,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List the reasons as a tree."""
    with Client() as client:
        print_collection(
            client.reasons, REASONS, output, limit=limit, wide=wide, rows_of=indent_code,
            under=under, kind=kind, retired=retired,
        )  # fmt: skip


def set_reason(
    code: Annotated[str, typer.Argument(help="Code, such as tool_change.")],
    *,
    en: Annotated[str | None, typer.Option(help="English name.")] = None,
    de: Annotated[str | None, typer.Option(help="German name.")] = None,
    plant: Annotated[str | None, typer.Option(help="Default: the group's standard.")] = None,
    parent: Annotated[str | None, typer.Option(help="Code of the reason above.")] = None,
    kind: Annotated[str | None, typer.Option(help="stop or scrap.")] = None,
    category: Annotated[str | None, typer.Option(help="adet, adot, aust or pdot.")] = None,
    state: Annotated[str | None, typer.Option(help="State of such a stop.")] = None,
    planned: Annotated[bool | None, typer.Option(help="Planned in advance.")] = None,
    counts: Annotated[bool | None, typer.Option(help="Counts against availability.")] = None,
    retired: Annotated[bool | None, typer.Option(help="Not for new entries any more.")] = None,
    why: Annotated[str | None, typer.Option(help="For the audit log.")] = None,
) -> None:
    """Create or change a reason of a plant, or of the group's standard."""
    fields = {
        "plant": plant, "name_en": en, "name_de": de, "parent": parent, "kind": kind,
        "category": category, "state": state, "planned": planned,
        "counts_against_availability": counts, "retired": retired, "why": why,
    }  # fmt: skip
    body = {name: value for name, value in fields.items() if value is not None}
    with Client() as client:
        row = client.reasons.put(code, body)
    print_lines(f"{' > '.join(row['path'])}: {row['name_en']} / {row['name_de']}")


def order_reasons(
    codes: Annotated[list[str], typer.Argument(help="Codes, the first one first.")],
    plant: Annotated[str | None, typer.Option(help="Default: the group's standard.")] = None,
    why: Annotated[str | None, typer.Option(help="For the audit log.")] = None,
) -> None:
    """Put reasons into this order among those beside them."""
    with Client() as client:
        client.reasons.order(codes, plant=plant, why=why)
    print_lines(f"The order is {', '.join(codes)}.")


def set_code(
    equipment: Annotated[str, typer.Argument(help="Path; holds for all below it.")],
    state_code: Annotated[str, typer.Argument(help="Code that the machines report.")],
    reason: Annotated[str | None, typer.Argument(help="None: it stands for no reason.")] = None,
    why: Annotated[str | None, typer.Option(help="For the audit log.")] = None,
    scrap: Annotated[bool, typer.Option("--scrap", help="A code reported with scrap.")] = False,
) -> None:
    """Say what reason a code of machines stands for; the KPIs of stops with it follow."""
    body = {"state_code": state_code, "reason": reason}
    if scrap:
        body["kind"] = "scrap"
    if why is not None:
        body["why"] = why
    with Client() as client:
        client.reason_codes.put(equipment, body)
    print_lines(f"{equipment}: {state_code} is {reason or 'no reason'}")


def list_codes(
    under: Annotated[str | None, typer.Option(help="This equipment and all below it.")] = None,
    limit: Limit = 200,
    output: OutputOption = Output.TABLE,
    wide: Wide = False,
) -> None:
    """List what reasons the codes of machines stand for."""
    with Client() as client:
        print_collection(client.reason_codes, CODES, output, limit=limit, wide=wide, under=under)


def indent_code(row: Row) -> list[Row]:
    return [{**row, "code": "  " * (len(row["path"]) - 1) + row["code"]}]
