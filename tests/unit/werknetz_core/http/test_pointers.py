"""Pointers of errors: to a part of the body as it was sent, with RFC 6901's escapes."""

import pytest

from werknetz_core.http.guard.pointers import pointer_into, pointer_of

BODY = {"changes": [{"kind": "map_state", "code": 7}], "a/b~": None}


@pytest.mark.parametrize(
    ("location", "pointer"),
    [
        (("body", "changes", 0, "code"), "/body/changes/0/code"),
        (("body", "changes", 0, "map_state", "code"), "/body/changes/0/code"),
        (("body", "changes", 0, "map_state"), "/body/changes/0"),
        (("body", "changes", 0, "code", "str"), "/body/changes/0/code"),
        (("body", "changes", 1), "/body/changes"),
        (("body", "a/b~"), "/body/a~1b~0"),
        (("body", 12), "/body"),
        (("query", "start"), "/query/start"),
        (("path", "changes", "x"), "/path/changes/x"),
        (("body",), "/body"),
    ],
)
def test_a_location_becomes_a_pointer_into_the_body(
    location: tuple[str | int, ...], pointer: str
) -> None:
    assert pointer_into(BODY, location, is_missing=False) == pointer


def test_a_missing_field_is_named_though_the_body_lacks_it() -> None:
    location = ("body", "changes", 0, "map_state", "table")
    assert pointer_into(BODY, location, is_missing=True) == "/body/changes/0/table"
    assert pointer_into(None, ("body", "start"), is_missing=True) == "/body/start"
    assert pointer_into(BODY, ("body", "x", "y"), is_missing=True) == "/body/y"


def test_each_part_is_escaped() -> None:
    assert pointer_of("body", "a~/b", 3) == "/body/a~0~1b/3"
