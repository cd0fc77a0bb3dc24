"""What every collection understands: limit, cursor, sort, fields, format; and its answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from werknetz_core.http import pagination
from werknetz_core.http.formats import JSON, CsvDialect, Form, Format, Item, accepted, written
from werknetz_core.http.problem import wrong_parameter
from werknetz_core.http.responses import answer

VARY: Final = "Accept"


@dataclass(frozen=True, slots=True)
class Listing:
    limit: int = 100
    cursor: str | None = None
    sort: str | None = None
    fields: tuple[str, ...] = ()  # none: all
    form: Form = JSON


AS_IT_IS: Final = Listing()


def listing(limit_default: int) -> Callable[..., Listing]:
    """Return the dependency that reads what was asked for."""

    def asked(
        request: Request,
        limit: pagination.Limit = limit_default,
        cursor: pagination.Cursor = None,
        sort: Annotated[
            str | None,
            Query(description="One key, - before it for descending; the route says which."),
        ] = None,
        fields: Annotated[
            list[str], Query(description="Only these fields; with commas or repeated.")
        ] = [],  # noqa: B006 - FastAPI copies
        format: Annotated[  # noqa: A002 - the name in the address
            Format | None, Query(description="None: by the Accept header, else json.")
        ] = None,
        csv_dialect: CsvDialect = CsvDialect.STANDARD,
    ) -> Listing:
        form = form_of(request.headers.get("accept"), format, csv_dialect)
        return Listing(limit, cursor, sort, fields_of(fields), form)

    return asked


Asked = Annotated[Listing, Depends(listing(100))]
ManyAsked = Annotated[Listing, Depends(listing(pagination.LIMIT_MAX))]


def form_of(accept: str | None, format: Format | None, dialect: CsvDialect) -> Form:  # noqa: A002 - as above
    """Return the form; a dialect of CSV without a format means CSV."""
    if format is None and dialect is not CsvDialect.STANDARD:
        format = Format.CSV  # noqa: A001 - as above
    return Form(format or accepted(accept), dialect)


def fields_of(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for text in given for name in text.split(",") if name))


def names_of(fields: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    """Return the fields to give; an unknown one is told."""
    for name in fields:
        if name not in known:
            raise wrong_parameter(
                "fields", f"There is no field {name!r} here.", f"Fields: {', '.join(known)}."
            )
    return fields or known


def given(
    request: Request,
    asked: Listing,
    items: Sequence[Item] | Sequence[BaseModel],
    known: Sequence[str],
    *,
    next_cursor: str | None = None,
    envelope: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with the items in the form and with the fields that were asked for.

    `envelope` is what JSON says beside `items`; None: that there are pages.
    """
    names = names_of(asked.fields, known)
    rows: list[Item] = [i.model_dump() if isinstance(i, BaseModel) else i for i in items]
    if asked.form.format is Format.JSON:
        if asked.fields:
            rows = [{name: row.get(name) for name in names} for row in rows]
        beside = {"next_cursor": next_cursor} if envelope is None else dict(envelope)
        response = answer({"items": rows, **beside}, headers)
    else:
        body = written(rows, names, asked.form)
        response = Response(body, 200, headers, asked.form.media_type)
    if asked.form.format is Format.CSV:
        name = request.url.path.rpartition("/")[2]
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.headers["Vary"] = VARY
    pagination.link(request, response, next_cursor)
    return response


def columns_of(view: type[BaseModel]) -> Sequence[str]:
    return tuple(view.model_fields)
