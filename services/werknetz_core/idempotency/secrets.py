"""Marks fields of an answer that are shown once and never stored: `Annotated[str, Secret()]`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Secret:
    """The field is null in the stored answer of a request with an Idempotency-Key."""
