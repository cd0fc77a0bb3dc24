"""asyncua's names, loosened: its annotations speak of wire types (Int16, String), not Python's."""

from typing import Any

from asyncua import ua as _ua

ua: Any = _ua
