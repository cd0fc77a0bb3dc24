"""What every route refuses before its endpoint runs: unknown parameters and impossible values.

The app adds it to each router, so that a new route has it.
"""

from typing import Annotated

from fastapi import Depends, Request

from werknetz_core.access.keys import Principal, require_key
from werknetz_core.context.polling import refuse_unknown_parameters_of
from werknetz_core.http.guard.requests import refuse_bad_values


async def refuse_bad_input(request: Request, _: Annotated[Principal, Depends(require_key)]) -> None:
    """Raise 422 for input that the route cannot take.

    The key is checked first: without one a request gets no other answer than 401.
    """
    await refuse_unknown_parameters_of(request)
    await refuse_bad_values(request)


async def refuse_bad_input_of(
    request: Request, _: Annotated[None, Depends(refuse_unknown_parameters_of)]
) -> None:
    """Raise 422 for input that the route cannot take; for routes without a key."""
    await refuse_bad_values(request)
