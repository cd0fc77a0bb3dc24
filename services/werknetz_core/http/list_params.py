"""What every collection understands: limit, cursor, sort, fields, format; and its answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from werknetz_core.http import pagination
from werknetz_core.http.formats import (
    JSON_OUTPUT,
    CsvDialect,
    Format,
    Item,
    OutputFormat,
    negotiate,
    render,
)
from werknetz_core.http.problem import invalid_parameter
from werknetz_core.http.responses import json_response

VARY: Final = "Accept"


@dataclass(frozen=True, slots=True)
class ListParams:
    limit: int = 100
    cursor: str | None = None
    sort: str | None = None
    fields: tuple[str, ...] = ()  # none: all
    output: OutputFormat = JSON_OUTPUT


DEFAULT_LIST_PARAMS: Final = ListParams()


def list_params(limit_default: int) -> Callable[..., ListParams]:
    """Return the dependency that reads what was asked for."""

    def read_list_params(
        request: Request,
        limit: pagination.LimitParam = limit_default,
        cursor: pagination.CursorParam = None,
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
    ) -> ListParams:
        form = output_format_of(request.headers.get("accept"), format, csv_dialect)
        return ListParams(limit, cursor, sort, fields_of(fields), form)

    return read_list_params


ListParamsDep = Annotated[ListParams, Depends(list_params(100))]
LargeListParamsDep = Annotated[ListParams, Depends(list_params(pagination.LIMIT_MAX))]


def output_format_of(
    accept: str | None, requested: Format | None, dialect: CsvDialect
) -> OutputFormat:
    """Return the output format; a CSV dialect without a format implies CSV."""
    if requested is None and dialect is not CsvDialect.STANDARD:
        requested = Format.CSV
    return OutputFormat(requested or negotiate(accept), dialect)


def fields_of(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for text in given for name in text.split(",") if name))


def select_fields(fields: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    """Return the fields to give; an unknown one is told."""
    for name in fields:
        if name not in known:
            raise invalid_parameter(
                "fields", f"There is no field {name!r} here.", f"Fields: {', '.join(known)}."
            )
    return fields or known


def list_response(
    request: Request,
    params: ListParams,
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
    names = select_fields(params.fields, known)
    rows: list[Item] = [i.model_dump() if isinstance(i, BaseModel) else i for i in items]
    if params.output.format is Format.JSON:
        if params.fields:
            rows = [{name: row.get(name) for name in names} for row in rows]
        beside = {"next_cursor": next_cursor} if envelope is None else dict(envelope)
        response = json_response({"items": rows, **beside}, headers)
    else:
        body = render(rows, names, params.output)
        response = Response(body, 200, headers, params.output.media_type)
    if params.output.format is Format.CSV:
        name = request.url.path.rpartition("/")[2]
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.headers["Vary"] = VARY
    pagination.set_next_link(request, response, next_cursor)
    return response


def columns_of(view: type[BaseModel]) -> Sequence[str]:
    return tuple(view.model_fields)
