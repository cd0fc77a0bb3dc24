"""asyncua's `ua` namespace without types: its annotations name wire types (Int16), not Python's."""

from typing import Any

from asyncua import ua as _ua

ua: Any = _ua
