"""Long lists of numbers as parameters."""

from collections.abc import Iterable


def array_literal(numbers: Iterable[int]) -> str:
    """Return numbers as the text of an array, to be cast as `$1::text::int[]`.

    The driver checks and encodes each element of a list alone: thousands take milliseconds.
    """
    return "{" + ",".join(map(str, numbers)) + "}"


def nested_literal(lists: Iterable[Iterable[int]]) -> str:
    """Return lists of numbers as the text of an array of texts, each to be cast as `x::int[]`.

    They may be of different lengths, unlike the rows of an array of two dimensions.
    """
    return '{"' + '","'.join(map(array_literal, lists)) + '"}'
