"""Marks fields of an answer that are shown once and never stored: `Annotated[str, ShownOnce()]`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShownOnce:
    """The field is null in the stored answer of a request with an Idempotency-Key."""
