"""Loads own KPIs: checks the document, compiles the formula, runs its test cases."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from werknetz.connector.expressions.engine import ExpressionError
from werknetz.connector.yaml_format import ConfigurationError, YamlDocument, did_you_mean
from werknetz.kpi.catalogue import CATALOGUE, SUBJECTS
from werknetz.kpi.definition import (
    EQUIPMENT,
    Divisor,
    Kpi,
    OwnRecord,
    Timing,
    Trend,
    Undefined,
    Value,
)
from werknetz.kpi.orders.formulas import ORDER
from werknetz.own_kpis.document import OwnKpiDocument, OwnKpiTest, parse_document, read_document
from werknetz.own_kpis.elements import ReadableElement, readable_elements
from werknetz.own_kpis.formula import OwnFormula, compile_formula

TOLERANCE: Final = 1e-6
"""Relative difference between the computed and the expected value of a test case."""

_NAME_FORM: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class LoadedKpi:
    """A checked own KPI and its document."""

    document: OwnKpiDocument
    kpi: Kpi


def load_definition(
    source: str | Mapping[str, Any], *, file: str, version: int = 1, now_us: int = 0
) -> LoadedKpi:
    """Check a definition and run its tests; raise ConfigurationError with all that is wrong.

    `now_us`: from when it is valid where the document does not say it.
    """
    parsed = parse_document(source, file=file)
    document = read_document(parsed)
    errors = [*_errors_of_names(parsed, document)]
    if errors:
        raise ConfigurationError(errors)
    readable = readable_elements(SUBJECTS[document.subject])
    try:
        formula = compile_formula(document.formula, {*readable, *document.constants})
    except ExpressionError as error:
        raise ConfigurationError([parsed.error_at(("formula",), f"formula: {error}")]) from error
    if errors := [*_failed_tests(parsed, document, formula)]:
        raise ConfigurationError(errors)
    valid_from_us = document.valid_from_us
    kpi = _to_kpi(
        document, formula, readable, version, now_us if valid_from_us is None else valid_from_us
    )
    return LoadedKpi(document, kpi)


def join_versions(versions: Sequence[Kpi]) -> Kpi:
    """Return a KPI of all its versions: the newest, with the inputs of each of them."""
    newest = max(versions, key=lambda kpi: kpi.version)
    inputs = dict.fromkeys(name for kpi in versions for name in kpi.inputs)
    return replace(newest, inputs=tuple(inputs), versions=tuple(versions))


def _errors_of_names(parsed: YamlDocument, document: OwnKpiDocument) -> Iterable[str]:
    if document.id in CATALOGUE:
        number = CATALOGUE[document.id].number
        which = f"number {number} of ISO 22400-2" if number else "a KPI of the catalogue"
        yield parsed.error_at(
            ("id",), f"{document.id!r} is {which}: use another id, such as own_{document.id}"
        )
    subject = SUBJECTS.get(document.subject)
    if subject is None:
        hint = did_you_mean(document.subject, [*SUBJECTS])
        yield parsed.error_at(("subject",), f"{document.subject!r} is no subject{hint}")
        return
    # Elements of machines are summed for orders, too.
    levels = (*subject.scopes, *ORDER.scopes) if subject is EQUIPMENT else subject.scopes
    for n, scope in enumerate(document.scopes or ()):
        if scope not in levels:
            hint = did_you_mean(scope, levels)
            yield parsed.error_at(("scopes", n), f"{scope!r} is no level{hint}")
    if document.scopes == ():
        yield parsed.error_at(("scopes",), "scopes is empty: leave it out for all levels")
    lower, upper = document.range.lower, document.range.upper
    if lower is not None and upper is not None and lower > upper:
        yield parsed.error_at(("range",), f"lower {lower:g} is above upper {upper:g}: swap them")
    readable = readable_elements(subject)
    for name in document.constants:
        key = ("constants", name)
        if _NAME_FORM.fullmatch(name) is None:
            yield parsed.error_at(key, f"{name!r} is no name: use small letters, digits and _")
        elif name in readable:
            yield parsed.error_at(key, f"{name!r} is an element: give the constant another name")


def _failed_tests(
    parsed: YamlDocument, document: OwnKpiDocument, formula: OwnFormula
) -> Iterable[str]:
    readable = readable_elements(SUBJECTS[document.subject])
    constants: dict[str, Value] = dict(document.constants)
    for n, test in enumerate(document.tests):
        key = ("tests", n)
        wrong = [*_errors_of_test(test, formula, readable, document.constants)]
        if not wrong:
            values = constants | {
                name: Undefined(f"{name} is not reported") if value is None else value
                for name, value in test.elements.items()
            }
            wrong = [*_differences(test, formula.compute(values))]
        yield from (parsed.error_at(key, f"test {n + 1}: {text}") for text in wrong)


def _errors_of_test(
    test: OwnKpiTest,
    formula: OwnFormula,
    readable: Collection[str],
    constants: Collection[str],
) -> Iterable[str]:
    for name in test.elements:
        if name not in readable:
            yield f"{name!r} is no element{did_you_mean(name, [*readable])}"
    for name in formula.names:
        if name not in test.elements and name not in constants:
            yield f"{name} is missing: add its value, or null where nobody reports it"
    if test.reason is not None and test.expected is not None:
        yield "a value has no reason: remove `reason`, or write `expected: null`"


def _differences(test: OwnKpiTest, value: Value) -> Iterable[str]:
    if isinstance(value, Undefined):
        if test.expected is not None:
            yield f"expected {test.expected:g}, the formula has no value: {value.reason}"
        elif test.reason is not None and test.reason not in value.reason:
            yield f"expected the reason {test.reason!r}, it is {value.reason!r}"
    elif test.expected is None:
        yield f"expected no value, the formula gives {value:.10g}"
    elif abs(value - test.expected) > TOLERANCE * max(abs(value), abs(test.expected)):
        yield (
            f"expected {test.expected:.10g}, the formula gives {value:.10g}: correct one of them"
        )


def _to_kpi(
    document: OwnKpiDocument,
    formula: OwnFormula,
    readable: Mapping[str, ReadableElement],
    version: int,
    valid_from_us: int,
) -> Kpi:
    constants: dict[str, Value] = dict(document.constants)
    reads = [(name, readable[name].read) for name in formula.names if name not in constants]
    inputs = dict.fromkeys(name for read, _ in reads for name in readable[read].inputs)

    def calculate(elements: Any, _: Divisor) -> Value:
        values = {name: read(elements) for name, read in reads}
        return formula.compute(constants | values if constants else values)

    return Kpi(
        document.id, None, document.description, _formula_text(document), document.unit,
        document.range.lower, document.range.upper,
        Trend.UP if document.better == "higher" else Trend.DOWN, tuple(inputs),
        tuple(Timing(name) for name in document.timing), document.audience, document.methodology,
        calculate, SUBJECTS[document.subject], version=version, levels=document.scopes,
        own=OwnRecord(
            document.names.de, document.names.en, document.effect_model, document.notes,
            valid_from_us,
        ),
    )  # fmt: skip


def _formula_text(document: OwnKpiDocument) -> str:
    text = " ".join(document.formula.split())
    constants = ", ".join(f"{name} = {value:.15g}" for name, value in document.constants.items())
    return f"{text}, with {constants}" if constants else text
