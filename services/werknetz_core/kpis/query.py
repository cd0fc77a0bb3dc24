"""The parameters of a KPI query. Parsed by hand, because the route is polled often."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar

from starlette.datastructures import QueryParams

from werknetz.kpi.catalogue import SUBJECTS
from werknetz.kpi.definition import EQUIPMENT, Divisor, Kpi, KpiSubject
from werknetz.kpi.orders.formulas import ORDER
from werknetz.texts.sentence import Sentence
from werknetz_core.context.kpi_catalogue import WITHOUT_OWN, KpiCatalogue
from werknetz_core.context.polling import KNOWN_THEN
from werknetz_core.http.formats import CsvDialect, Format
from werknetz_core.http.list_params import (
    DEFAULT_LIST_PARAMS,
    ListParams,
    fields_of,
    output_format_of,
)
from werknetz_core.http.problem import Problem, invalid_parameter
from werknetz_core.kpis.groups.grouping import (
    DIMENSIONS,
    FACT_ELEMENT_SET,
    FILTERS,
    Grouping,
    parse_grouping,
    require_divisible,
)
from werknetz_core.kpis.values.schemas import KpiQueryBody

REPEATED_MAX: Final = 50
SORT_KEYS: Final = (*SUBJECTS, *FILTERS, "kpi", "start", "value", "coverage")
_SINGLE: Final = (
    "start", "end", "granularity", "rolling", "as_of", "tz", "divisor", "sort", "format",
    "csv_dialect", "group_by",
)  # fmt: skip
_ROLLING: Final = re.compile(r"([1-9]\d{0,3})([hdw])")
_ROLLING_H: Final = {"h": 1, "d": 24, "w": 168}
_KNOWN: Final = frozenset({*SUBJECTS, *FILTERS, "kpi", "fields", *_SINGLE})
_LIST_PARAMETERS: Final = frozenset({"fields", "sort", "format", "csv_dialect"})
_Choice = TypeVar("_Choice", Format, CsvDialect)


@dataclass(frozen=True, slots=True)
class KpiQuery:
    scope: str  # the parameter that names the targets
    names: tuple[str, ...]
    kpis: tuple[Kpi, ...]
    start: str = "-24h"
    end: str | None = None
    granularity: str = "none"
    tz: str | None = None
    divisor: Divisor = Divisor.FAILURES_PLUS_ONE
    list_params: ListParams = DEFAULT_LIST_PARAMS  # of the response
    rolling: str | None = None
    as_of: str | None = None
    grouping: Grouping | None = None  # None: values are not divided

    def __post_init__(self) -> None:
        require_divisible(self.grouping, self.kpis, self.granularity, self.rolling, self.as_of)

    @property
    def rolling_us(self) -> int | None:
        """How long each rolling window is; None: windows do not overlap."""
        match = _ROLLING.fullmatch(self.rolling) if self.rolling is not None else None
        return int(match[1]) * _ROLLING_H[match[2]] * 3_600_000_000 if match else None

    @property
    def subject(self) -> KpiSubject[Any]:
        return SUBJECTS[self.scope]

    @classmethod
    def from_body(cls, body: KpiQueryBody, catalogue: KpiCatalogue = WITHOUT_OWN) -> Self:
        scope = _single_scope([name for name in SUBJECTS if getattr(body, name)])
        return cls(
            scope,
            _distinct_values(scope, getattr(body, scope)),
            _find_kpis(body.kpi, scope, catalogue),
            _default_start(scope) if body.start is None else body.start,
            body.end,
            body.granularity,
            body.tz,
            _parse_divisor(body.divisor),
            rolling=_parse_rolling(body.rolling, scope),
            as_of=_parse_as_of(body.as_of, scope),
            grouping=parse_grouping(scope, body.group_by, body.product, body.team),
        )

    @classmethod
    def parse(
        cls,
        parameters: QueryParams,
        accept: str | None = None,
        catalogue: KpiCatalogue = WITHOUT_OWN,
    ) -> Self:
        """Parse the query string; an unknown parameter is an error, so that no typo is ignored."""
        if unknown := parameters.keys() - _KNOWN:
            name = min(unknown)
            near = difflib.get_close_matches(name, _KNOWN, n=1)
            hint = (
                Sentence("requests.did_you_mean", near=near[0])
                if near
                else Sentence("requests.known_parameters", parameters=sorted(_KNOWN))
            )
            raise invalid_parameter(name, Sentence("requests.unknown_parameter", name=name), hint)
        scope = _single_scope([name for name in SUBJECTS if name in parameters])
        return cls(
            scope,
            _values_of(parameters, scope),
            _find_kpis(_values_of(parameters, "kpi"), scope, catalogue),
            parameters.get("start", _default_start(scope)),
            parameters.get("end"),
            parameters.get("granularity", "none"),
            parameters.get("tz"),
            _parse_divisor(parameters.get("divisor", "fe+1")),
            _parse_list_params(parameters, accept),
            _parse_rolling(parameters.get("rolling"), scope),
            _parse_as_of(parameters.get("as_of"), scope),
            parse_grouping(
                scope, parameters.get("group_by"), *(_filter_of(parameters, n) for n in FILTERS)
            ),
        )


_TEXT: Final[dict[str, object]] = {"type": "string"}
_TEXTS: Final[dict[str, object]] = {
    "type": "array",
    "items": _TEXT,
    "minItems": 1,
    "maxItems": REPEATED_MAX,
}
_PARAMETERS: Final[dict[str, tuple[dict[str, object], str]]] = {
    "equipment": (_TEXTS, "Equipment path, of any level. Repeated: each of them."),
    "order": (
        _TEXTS,
        "Instead of equipment: number of a production order, or plant:number.",
    ),
    "characteristic": (
        _TEXTS,
        "Instead of equipment: a measured characteristic of a machine, as path:name.",
    ),
    "supplier": (_TEXTS, "Instead of equipment: key of a supplier, or * for all."),
    "warehouse": (_TEXTS, "Instead of equipment: key of a warehouse, or * for all."),
    "kpi": (_TEXTS, "Name of a KPI, see /api/v1/kpis. Repeated: each of them."),
    "start": (
        {**_TEXT, "default": "-24h"},
        "RFC 3339, epoch ms, -8h, shift:current, … Default of an order: its start.",
    ),
    "end": (_TEXT, "As start. Default: now, or the end of the period that start names."),
    "granularity": (
        {**_TEXT, "default": "none"},
        "5m (of equipment), 15m, hour, shift, 1d, 1w, 1mo, quarter, year or none.",
    ),
    "rolling": (_TEXT, "Length of each window, which ends where that of granularity does: 7d."),
    "group_by": (
        {**_TEXT, "enum": [*DIMENSIONS]},
        "Of equipment: a value for each order, product or shift team, and for the rest.",
    ),
    "product": (_TEXTS, "Of equipment: only for this product. Repeated: each of them."),
    "team": (_TEXTS, "Of equipment: only for this shift team. Repeated: each of them."),
    "as_of": (_TEXT, "By what was known at this time. Default: by what is known now."),
    "tz": (_TEXT, "IANA time zone of days, weeks and months. Default: the plant's."),
    "divisor": (
        {**_TEXT, "default": "fe+1"},
        "Divisor of mean times (KPIs 31 to 33).",
    ),
    "sort": (_TEXT, f"One of {', '.join(SORT_KEYS)}; prefix - for descending."),
    "fields": (
        {"type": "array", "items": _TEXT},
        "Only these fields; comma-separated or repeated.",
    ),
    "format": ({**_TEXT, "enum": [*Format]}, "Default: by the Accept header, else json."),
    "csv_dialect": ({**_TEXT, "enum": [*CsvDialect]}, "Separator and decimal mark of CSV."),
}


def parameter_documents() -> Sequence[dict[str, object]]:
    """Return the OpenAPI description of the parameters that `parse` reads."""
    return [
        {
            "name": name,
            "in": "query",
            "required": name == "kpi",
            "schema": schema,
            "description": description,
        }
        for name, (schema, description) in _PARAMETERS.items()
    ]


def _parse_list_params(parameters: QueryParams, accept: str | None) -> ListParams:
    """Return the list parameters; without any of them, the defaults that polls use."""
    if accept in {None, "*/*", "application/json"} and _LIST_PARAMETERS.isdisjoint(
        parameters.keys()
    ):
        return DEFAULT_LIST_PARAMS
    sort = parameters.get("sort")
    if sort is not None and sort.removeprefix("-") not in SORT_KEYS:
        raise invalid_parameter(
            "sort",
            Sentence("requests.unknown_sort", sort=sort),
            Sentence("requests.sort_keys", sort_keys=[*SORT_KEYS]),
        )
    format_ = _parse_choice(parameters, "format", Format)
    dialect = _parse_choice(parameters, "csv_dialect", CsvDialect) or CsvDialect.STANDARD
    fields = fields_of(parameters.getlist("fields"))
    return ListParams(sort=sort, fields=fields, output=output_format_of(accept, format_, dialect))


def _parse_choice(parameters: QueryParams, name: str, choices: type[_Choice]) -> _Choice | None:
    text = parameters.get(name)
    if text is None:
        return None
    try:
        return choices(text)
    except ValueError as error:
        raise invalid_parameter(
            name,
            Sentence("requests.value_not_supported", name=name, text=text),
            Sentence("requests.use_one_of", choices=list(map(str, choices))),
        ) from error


def _default_start(scope: str) -> str:
    """Return the start without a parameter; empty: that of the order."""
    return "" if scope == ORDER.name else "-24h"


def _filter_of(parameters: QueryParams, name: str) -> tuple[str, ...]:
    return _values_of(parameters, name) if name in parameters else ()


def _is_of_orders(kpi: Kpi, scope: str) -> bool:
    """Return whether a KPI of equipment can be computed of an order: from its elements alone."""
    return (
        scope == ORDER.name and kpi.subject is EQUIPMENT and FACT_ELEMENT_SET.isdisjoint(kpi.inputs)
    )


def _values_of(parameters: QueryParams, name: str) -> tuple[str, ...]:
    return _distinct_values(name, parameters.getlist(name))


def _distinct_values(name: str, repeated: Sequence[str]) -> tuple[str, ...]:
    """Return the distinct values of a parameter; none or too many is an error."""
    values = tuple(dict.fromkeys(repeated))
    if 1 <= len(values) <= REPEATED_MAX:
        return values
    example = "equipment=nordwerk/emden-1" if name == "equipment" else f"{name}=…"
    raise invalid_parameter(
        name,
        Sentence("requests.number_of_values", name=name, number=len(values)),
        Sentence(
            "requests.send_values",
            maximum=REPEATED_MAX,
            example="kpi=oee" if name == "kpi" else example,
        ),
    )


def _single_scope(scopes: Sequence[str]) -> str:
    """Return the scope of the query; without any, equipment, whose value is then missing."""
    if len(scopes) < 2:
        return scopes[0] if scopes else "equipment"
    raise invalid_parameter(
        scopes[1],
        Sentence("requests.exclude_each_other", names=[*scopes]),
        Sentence("kpis.send_two_requests"),
    )


def _find_kpis(names: Sequence[str], scope: str, catalogue: KpiCatalogue) -> tuple[Kpi, ...]:
    kpis = tuple(catalogue.find(name) for name in names)
    for kpi in kpis:
        if kpi.subject.name != scope and not _is_of_orders(kpi, scope):
            errors = [{"pointer": "/query/kpi", "code": "other_scope", "detail": kpi.name}]
            raise Problem(
                422,
                "other_scope",
                Sentence("kpis.other_scope", name=kpi.name, scope=scope),
                Sentence("kpis.use_scope", name=kpi.subject.name),
                errors=errors,
            )
    return kpis


def _parse_rolling(text: str | None, scope: str) -> str | None:
    if text is None:
        return None
    if scope != "equipment":
        raise invalid_parameter(
            "rolling", Sentence("kpis.no_rolling", scope=scope), Sentence("kpis.use_week_or_month")
        )
    if _ROLLING.fullmatch(text) is None:
        raise invalid_parameter(
            "rolling", Sentence("kpis.rolling_no_length", text=text), Sentence("kpis.rolling_form")
        )
    return text


def _parse_as_of(text: str | None, scope: str) -> str | None:
    if text is not None and scope != "equipment":
        raise invalid_parameter(
            "as_of",
            Sentence("kpis.as_of_of_equipment", scope=scope),
            Sentence("kpis.leave_as_of_out", known_then=KNOWN_THEN),
        )
    return text


def _parse_divisor(text: str) -> Divisor:
    # "+" in a URL means a space.
    plain = text.replace(" ", "+")
    if plain in set(Divisor):
        return Divisor(plain)
    raise invalid_parameter(
        "divisor", Sentence("kpis.unknown_divisor", text=text), Sentence("kpis.use_divisor")
    )
