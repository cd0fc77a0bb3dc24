"""`werknetz audit verify | export`: the chain of hashes of the audit log."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from werknetz_client.audit.chain import Expectation, Seal, Verification, verify_chain
from werknetz_client.audit.files import read_links, write_csv, write_ndjson
from werknetz_client.audit.server import verify_log
from werknetz_client.client import Client
from werknetz_client.errors import WerknetzError

REMEDY: Final = (
    "Keep the database as it is and compare it with a backup and with exports: somebody changed "
    "the log past the platform."
)


class ExportFormat(StrEnum):
    NDJSON = "ndjson"
    CSV = "csv"


def register(audit: typer.Typer) -> None:
    audit.command("verify")(verify)
    audit.command("export")(export)


def verify(
    file: Annotated[
        Path | None,
        typer.Argument(help="An export, verified without the server. Default: the server's log."),
    ] = None,
    head: Annotated[
        list[str] | None,
        typer.Option(help="SEQ:HASH that an export printed; repeated: all of them."),
    ] = None,
) -> None:
    """Verify that no entry was changed, removed, inserted, reordered or cut off.

    Exit code 1 where the chain is broken: the first such entry is named.
    """
    heads = [parse_seal(text) for text in head or ()]
    if file is None:
        with Client() as client:
            verification = verify_log(client, heads=heads)
    else:
        verification = _verify_file(file, heads)
    typer.echo(describe(verification))
    if verification.broken is not None:
        raise WerknetzError(describe_break(verification), REMEDY)


def export(
    file: Annotated[
        Path | None, typer.Argument(help="Where to write; default: the standard output.")
    ] = None,
    output: Annotated[
        ExportFormat, typer.Option("--output", "-o", help="ndjson or csv")
    ] = ExportFormat.NDJSON,
    after: Annotated[int, typer.Option(min=0, help="Entries after this number.")] = 0,
) -> None:
    """Write the entries with their hashes, oldest first; print the seal of the last one.

    Note the seal at another place: with it, `verify --head` also finds a rebuilt chain.
    """
    write = write_csv if output is ExportFormat.CSV else write_ndjson
    try:
        opened = (
            nullcontext(sys.stdout)
            if file is None
            else file.open("x", encoding="utf-8", newline="")
        )
        with Client() as client, opened as target:
            last = write(client.audit.chain(after=after), target)
    except FileExistsError as error:
        raise WerknetzError(f"{file} exists.", "Give another name.") from error
    except OSError as error:
        raise WerknetzError(f"{file} cannot be written: {error}.", "Give another name.") from error
    typer.echo("No entries." if last is None else f"Head: {last}", err=True)


def describe(verification: Verification) -> str:
    """Say what was verified."""
    if verification.first_seq is None:
        return "The audit log is empty."
    last = verification.last
    span = f"{verification.first_seq:,} to {last.seq:,}"
    return f"{verification.entries:,} entries verified, {span}. Head: {last}"


def describe_break(verification: Verification) -> str:
    broken = verification.broken
    assert broken is not None  # noqa: S101 - the callers ask only then
    return f"The audit log is broken at entry {broken.seq} ({broken.kind}): {broken.detail}."


def parse_seal(text: str) -> Seal:
    """Return the seal SEQ:HASH; raise WerknetzError for another text."""
    number, _, digest = text.partition(":")
    is_hash = len(digest) == 64 and all(c in "0123456789abcdef" for c in digest)
    if not (number.isascii() and number.isdecimal() and is_hash):
        raise WerknetzError(f"--head {text!r} is no seal.", "Give SEQ:HASH as an export prints it.")
    return Seal(int(number), digest)


def _verify_file(file: Path, heads: Sequence[Seal]) -> Verification:
    try:
        # An export may begin later: what is before is no part of it.
        return verify_chain(read_links(file), Expectation(heads, is_whole=False))
    except OSError as error:
        raise WerknetzError(f"{file} cannot be read: {error}.", "Give a readable file.") from error
