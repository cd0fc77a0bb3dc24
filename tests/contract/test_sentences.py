"""Every sentence that is raised is in the catalogue, in both languages and with its fields."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter

import pytest

from werknetz.texts.catalogue import list_groups, texts_of
from werknetz_core.kpis.values.compute import NOT_RECORDED
from werknetz_core.texts.reasons import reason_code_of
from werknetz_worker.elements.findings import _CODE_OF_CAUSE

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    "libs/werknetz", "services/werknetz_core", "services/werknetz_worker",
    "services/werknetz_edge/webhook",
)  # fmt: skip
DYNAMIC = {
    "connector", "loss", "shortage", "finding", "field", "problem", "noun", "validation", "reason",
    "refusal", "refusal_edi",
}  # fmt: skip
"""Groups whose codes are made of words of the data."""
OPTIONAL = {
    "supply.number_with_partner",
    "supply.number_without_partner",
    *(f"finding_detail.{code}" for code in _CODE_OF_CAUSE.values()),
}
"""Sentences whose code is looked up."""


def calls_of(name: str) -> Iterator[tuple[Path, ast.Call]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text("utf-8")
            if name not in text:
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
                    yield path, node


def codes_in(argument: ast.expr) -> list[str]:
    """Return the codes of an argument that is a text, or one of two texts."""
    if isinstance(argument, ast.IfExp):
        return [*codes_in(argument.body), *codes_in(argument.orelse)]
    return [str(argument.value)] if isinstance(argument, ast.Constant) else []


def parts_of(argument: ast.expr) -> Iterator[ast.AST]:
    """Yield the nodes of an argument outside of sentences."""
    if isinstance(argument, ast.Call) and ast.unparse(argument.func) == "Sentence":
        return
    yield argument
    for child in ast.iter_child_nodes(argument):
        if isinstance(child, ast.expr):
            yield from parts_of(child)


SITES = [
    (code, frozenset(str(word.arg) for word in call.keywords), f"{path.name}:{call.lineno}")
    for path, call in calls_of("Sentence")
    for code in codes_in(call.args[0])
]


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_raise_sites_state_the_fields_of_both_texts() -> None:
    assert len(SITES) > 500
    for code, fields, site in SITES:
        group, _, name = code.partition(".")
        assert name in texts_of(group), (code, site)
        for language, text in texts_of(group)[name].items():
            names = fields_of(text)
            # One of two texts may leave a field of the other out.
            assert names == fields or (group in DYNAMIC and names <= fields), (
                code, language, site,
            )  # fmt: skip


@pytest.mark.parametrize("group", sorted({*list_groups()} - DYNAMIC))
def test_no_text_of_the_catalogue_is_unused(group: str) -> None:
    codes = {code for code, _, _ in SITES} | OPTIONAL
    assert {f"{group}.{name}" for name in texts_of(group)} <= codes


def test_problems_are_raised_with_sentences() -> None:
    """No English text is written at a raise site: it would stay English in a German answer."""
    plain = plain_texts_of(RAISED)
    assert {place.rpartition(":")[0] for place in plain} <= ENGLISH


def test_findings_are_written_with_sentences() -> None:
    assert not plain_texts_of(FINDINGS)
    for name in FINDINGS:
        assert list(calls_of(name)), name


def test_servers_refuse_with_sentences() -> None:
    """Before any application runs, and in the webhooks of an edge."""
    assert not plain_texts_of(SERVER)
    for name in SERVER:
        assert list(calls_of(name)), name


def plain_texts_of(first_text: Mapping[str, int]) -> list[str]:
    """Return where calls have a plain text among their arguments, from this position on."""
    return [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for name, first in first_text.items()
        for path, call in calls_of(name)
        for argument in [*call.args[first:], *(keyword.value for keyword in call.keywords)]
        for part in parts_of(argument)
        if is_text(part)
    ]


def is_text(part: ast.AST) -> bool:
    """Return whether a node is a text for people; a pointer such as `/body/name` is none."""
    if isinstance(part, ast.JoinedStr):
        return not ast.unparse(part)[2:].startswith("/")
    return isinstance(part, ast.Constant) and " " in str(part.value)


RAISED = {"Problem": 2, "invalid_parameter": 1, "SignInRefused": 2}
SERVER = {
    "ServerProblem": 2,
    "answer.invalid_request": 0,
    "RequestRefused": 2,
    "retry_later": 0,
    "NotStored": 0,
    "_to_unauthorized": 1,
    "_invalid_gzip": 0,
}
FINDINGS = {
    "SupplyFinding": 3,
    "CounterFinding": 1,
    "EventFinding": 4,
    "finding_of_event": 2,
    "StockFinding": 9,
}
"""Calls that write a text, and the position from which arguments may be one."""


ENGLISH = {
    "services/werknetz_core/health/endpoints.py",
    "services/werknetz_core/http/guard/database_errors.py",
}
"""Answers to operators and machines: readiness, and whose rows the API may read."""


def test_every_reason_of_a_formula_has_a_code() -> None:
    reasons = [
        argument.value
        for name in ("Undefined", "ratio")
        for path, call in calls_of(name)
        if isinstance(argument := call.args[-1], ast.Constant)
    ]
    assert len(reasons) > 30
    assert not [
        reason for reason in [*reasons, NOT_RECORDED] if reason_code_of(str(reason)) is None
    ]
