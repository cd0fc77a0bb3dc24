"""The function of a document (BGM 1225): what is in force after each message."""

import pytest

from plumbing.edi_documents import DocumentStore, interchange_of
from werknetz_edge.edi.profile import Partner, Qualifiers

SEGMENTS = {
    "DESADV": ("351", "QTY+12:{}:PCE"),
    "RECADV": ("632", "QTY+48:{}:PCE"),
    "DELJIT": ("242", "QTY+1:{}:PCE"),
    "DELFOR": ("241", "QTY+113:{}:PCE"),
    "INVRPT": ("35", "QTY+145:{}:PCE"),
}
KINDS = sorted(SEGMENTS)


def document(kind: str, function: str, *lines: tuple[int, float], number: str = "N1") -> list[str]:
    """Return a message with one quantity a line."""
    name, quantity = SEGMENTS[kind]
    segments = [f"BGM+{name}+{number}" + (f"+{function}" if function else "")]
    for line, value in lines:
        segments += [f"LIN+{line}++M{line}:IN", quantity.format(f"{value:g}")]
    return segments


def after(kind: str, *messages: list[str], partner: Partner | None = None) -> DocumentStore:
    store = DocumentStore() if partner is None else DocumentStore(partner)
    for message in messages:
        store.message(kind, *message)
    return store


TWO = ((1, 100.0), (2, 50.0))
CASES = {
    "an original": ([("9", *TWO)], [100, 50]),
    "without a function": ([("", *TWO)], [100, 50]),
    "replaced: the missing line is withdrawn": ([("9", *TWO), ("5", (1, 70.0))], [70]),
    "replaced by other lines": ([("9", *TWO), ("5", (3, 5.0))], [5]),
    "replaced without an original": ([("5", (1, 70.0))], [70]),
    "changed: other lines stay": ([("9", *TWO), ("4", (1, 70.0))], [70, 50]),
    "added": ([("9", *TWO), ("2", (3, 5.0))], [100, 50, 5]),
    "lines deleted": ([("9", *TWO), ("3", (2, 50.0))], [100]),
    "deleted without lines": ([("9", *TWO), ("3",)], []),
    "cancelled": ([("9", *TWO), ("1",)], []),
    "cancelled, with its lines": ([("9", *TWO), ("1", *TWO)], []),
    "cancelled, to be reissued": ([("9", *TWO), ("17",)], []),
    "new after a cancellation": ([("9", *TWO), ("1",), ("9", (1, 70.0))], [70]),
    "a duplicate": ([("9", *TWO), ("7", *TWO)], [100, 50]),
    "a copy": ([("9", *TWO), ("31", *TWO)], [100, 50]),
    "a duplicate whose original was lost": ([("7", *TWO)], [100, 50]),
    "the original again": ([("9", *TWO), ("9", *TWO)], [100, 50]),
    "the original again after a correction": ([("9", *TWO), ("5", (1, 70.0)), ("9", *TWO)], [70]),
    "a duplicate after a correction": ([("9", *TWO), ("5", (1, 70.0)), ("7", *TWO)], [70]),
    "the original again after a cancellation": ([("9", *TWO), ("1",), ("9", *TWO)], []),
    "corrected back": ([("9", *TWO), ("5", (1, 70.0)), ("5", *TWO)], [100, 50]),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES)
def test_what_is_in_force(kind: str, case: str) -> None:
    messages, expected = CASES[case]
    store = after(kind, *[document(kind, function, *lines) for function, *lines in messages])
    assert sorted(store.quantities) == sorted(expected)
    assert not store.reasons
    assert not store.conflicts


@pytest.mark.parametrize("kind", KINDS)
def test_other_documents_and_senders_stay(kind: str) -> None:
    store = after(kind, document(kind, "9", *TWO), document(kind, "9", (1, 8.0), number="N2"))
    other = interchange_of((kind, document(kind, "9", (1, 9.0))), sender="C", reference="X")
    store.read(other).message(kind, *document(kind, "1"))
    assert sorted(store.quantities) == [8, 9]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("function", ["9", "7", ""])
def test_other_content_is_a_conflict(kind: str, function: str) -> None:
    messages = [document(kind, "9", *TWO), document(kind, function, (1, 70.0))]
    store = after(kind, *messages)
    assert sorted(store.quantities) == [50, 100]
    (reason,) = store.reasons
    assert "'N1' came before with other content" in reason
    assert "`repeated_documents: replace`" in reason
    allowed = after(kind, *messages, partner=Partner(name="p", repeated_documents="replace"))
    assert (allowed.quantities, allowed.reasons) == ([70], [])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("function", ["6", "8", "29", "47", "X"])
def test_an_unknown_function_is_refused_with_the_remedy(kind: str, function: str) -> None:
    messages = [document(kind, "9", *TWO), document(kind, function, (1, 70.0))]
    store = after(kind, *messages)
    assert sorted(store.quantities) == [50, 100]
    assert f"function '{function}'" in store.reasons[0]
    assert "`qualifiers.functions`" in store.reasons[0]
    partner = Partner(name="p", qualifiers=Qualifiers(functions={function: "replace"}))
    assert after(kind, *messages, partner=partner).quantities == [70]


def test_an_addition_does_not_change_a_line() -> None:
    store = after("DESADV", document("DESADV", "9", *TWO), document("DESADV", "2", (1, 70.0)))
    assert (sorted(store.quantities), store.conflicts) == ([50, 100], 1)


def test_a_line_is_deleted_by_its_action_code() -> None:
    store = after("DESADV", document("DESADV", "9", *TWO))
    store.message("DESADV", "BGM+351+N1+4", "LIN+2+2+M2:IN")
    assert store.quantities == [100]


def test_a_line_without_a_number_is_known_by_its_item() -> None:
    first = ["BGM+351+N1+9", "LIN+++A:IN", "QTY+12:1", "LIN+++B:IN", "QTY+12:2"]
    second = ["BGM+351+N1+5", "LIN+++B:IN", "QTY+12:3", "LIN+++B:IN", "QTY+12:4"]
    store = after("DESADV", first, second)
    assert store.values_of("material", "quantity") == [("B", 3.0), ("B", 4.0)]


def test_a_change_of_a_schedule_withdraws_the_entries_that_it_lacks() -> None:
    schedule = ["BGM+241+N1+9", "LIN+1++A:IN", "QTY+113:100", "DTM+2:20260801:102"]
    schedule += ["QTY+113:50", "DTM+2:20260808:102", "LIN+2++B:IN", "QTY+113:7"]
    change = ["BGM+241+N1+4", "LIN+1++A:IN", "QTY+113:70", "DTM+2:20260801:102"]
    assert sorted(after("DELFOR", schedule).quantities) == [7, 50, 100]
    assert sorted(after("DELFOR", schedule, change).quantities) == [7, 70]
    deletion = ["BGM+241+N1+3", "LIN+1++A:IN"]
    assert after("DELFOR", schedule, deletion).quantities == [7]


def test_a_document_with_an_unreadable_line_withdraws_nothing() -> None:
    wrong = document("DESADV", "5", (1, 70.0), (2, 5.0))
    wrong[-1] = "QTY+12:5O"
    store = after("DESADV", document("DESADV", "9", *TWO, (3, 1.0)), wrong)
    assert sorted(store.quantities) == [1, 50, 70]
    store.message("DESADV", *document("DESADV", "9", (1, 70.0), (2, 50.0)))
    assert sorted(store.quantities) == [50, 70], "an original completes a partial document"


def test_a_cancellation_of_an_unknown_document_is_reported() -> None:
    store = after("DESADV", document("DESADV", "1"))
    assert "this connector does not know it" in store.reasons[0]


def test_a_cancellation_names_the_document_in_a_reference() -> None:
    store = after("DESADV", document("DESADV", "9", *TWO))
    store.message("DESADV", "BGM+351+STORNO-1+1", "RFF+ACW:N1")
    assert (store.quantities, store.reasons) == ([], [])


def test_a_replacement_with_a_number_of_its_own_ends_the_former_document() -> None:
    store = after("DESADV", document("DESADV", "9", *TWO))
    store.message("DESADV", "BGM+351+N1-A+5", "RFF+ACW:N1", "LIN+1++M1:IN", "QTY+12:70")
    assert store.quantities == [70]


def test_two_messages_of_an_interchange_without_functions_are_two_documents() -> None:
    first, second = document("DESADV", "", (1, 100.0)), document("DESADV", "", (1, 70.0))
    content = interchange_of(("DESADV", first), ("DESADV", second))
    store = DocumentStore().read(content).read(content)
    assert sorted(store.quantities) == [70, 100]


def test_one_bad_message_does_not_stop_the_others() -> None:
    good = document("DESADV", "9", (1, 100.0))
    bad = ["BGM+351+N2+9", "DTM+11:20261348:102", "LIN+1++A:IN", "QTY+12:1"]
    last = document("DESADV", "9", (1, 70.0), number="N3")
    content = interchange_of(("DESADV", good), ("DESADV", bad), ("DESADV", last))
    store = DocumentStore().read(content)
    assert sorted(store.quantities) == [70, 100]
    assert len(store.reasons) == 1


def test_a_repetition_is_counted() -> None:
    message = ("DESADV", document("DESADV", "9", *TWO))
    store = DocumentStore().read(interchange_of(message, message))
    assert store.duplicates == 1
    assert sorted(store.quantities) == [50, 100]


def test_a_function_that_is_no_code_is_remarked() -> None:
    store = after("DESADV", document("DESADV", "700101", *TWO))
    assert sorted(store.quantities) == [50, 100]
    assert "'700101' in the place of the function" in store.reasons[0]


def test_the_function_of_a_document_is_stored() -> None:
    values = after("DESADV", document("DESADV", "5", *TWO)).values_of("function")
    assert values == ["replace", "replace"]
    assert after("DESADV", document("DESADV", "7", *TWO)).values_of("function") == ["original"] * 2
