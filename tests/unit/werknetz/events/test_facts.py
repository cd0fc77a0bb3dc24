from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from werknetz.events import codec
from werknetz.events.batch import Batch, BusinessEvent
from werknetz.events.facts import KINDS, body_of, fact_of, fields_of, kind_of, required_fields_of

EXAMPLES = {"text": "x", "number": 1.5, "instant": 1_795_000_000_000_000, "texts": ["a", "b"]}
CHOICES = {"commitment": "firm", "due_kind": "ship", "state": "producing"}


def _body(kind: str) -> dict[str, object]:
    return {name: CHOICES.get(name, EXAMPLES[of]) for name, of in fields_of(kind).items()}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_is_decoded_with_all_its_fields(kind: str) -> None:
    fact = fact_of(kind, _body(kind))
    assert kind_of(fact) == kind
    assert body_of(fact) == _body(kind)
    batch = Batch([BusinessEvent(UUID(int=1), "s", "i", 1, "m@1", b"", fact)])
    assert codec.decode(codec.encode(batch)) == batch


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_missing_required_field_is_named(kind: str) -> None:
    for name in required_fields_of(kind):
        with pytest.raises(ValueError, match=name):
            fact_of(kind, {**_body(kind), name: None})


@given(
    st.sampled_from(sorted(KINDS)),
    st.dictionaries(st.text(max_size=8), st.integers() | st.text() | st.none()),
)
def test_any_other_body_is_an_error_with_the_kind(kind: str, body: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=kind):
        fact_of(kind, body)
