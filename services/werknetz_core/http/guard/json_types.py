"""Types of fields in JSON bodies: a value of another JSON type is refused, not converted.

Otherwise `true` would count as one item, and a number as an instant in 1970.
"""

from datetime import date
from typing import Annotated, Final

from pydantic import BeforeValidator, Strict
from pydantic_core import PydanticCustomError

Number = Annotated[float, Strict()]
Whole = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]


def _require_text(value: object) -> object:
    if isinstance(value, str):
        return value
    raise PydanticCustomError("string_type", "Input should be a text")


TEXT_ONLY: Final = BeforeValidator(_require_text)
Day = Annotated[date, TEXT_ONLY]
