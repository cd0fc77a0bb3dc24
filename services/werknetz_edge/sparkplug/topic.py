"""Topics of Sparkplug B: `spBv1.0/<group>/<type>/<node>[/<device>]`, and how we subscribe."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

NAMESPACE: Final = "spBv1.0"
_NODE: Final = ("NBIRTH", "NDATA", "NDEATH")
_DEVICE: Final = ("DBIRTH", "DDATA", "DDEATH")


@dataclass(frozen=True, slots=True)
class Topic:
    kind: str  # NBIRTH, NDATA, NDEATH, DBIRTH, DDATA, DDEATH
    group: str
    node: str
    device: str = ""  # empty: the node itself

    @property
    def key(self) -> str:
        return f"{self.group}/{self.node}"


@lru_cache(maxsize=65_536)
def parse_topic(text: str) -> Topic | None:
    """Parse a topic; None if it is not one of births, data or deaths."""
    levels = text.split("/")
    if levels[0] != NAMESPACE or not all(levels):
        return None
    if len(levels) == 4 and levels[2] in _NODE:
        return Topic(levels[2], levels[1], levels[3])
    if len(levels) == 5 and levels[2] in _DEVICE:
        return Topic(levels[2], levels[1], levels[3], levels[4])
    return None


def subscription_filters(groups: Sequence[str]) -> list[str]:
    """Return the subscriptions, one for each message type except commands."""
    return [
        f"{NAMESPACE}/{group}/{kind}/{levels}"
        for group in groups
        for kinds, levels in ((_NODE, "+"), (_DEVICE, "+/+"))
        for kind in kinds
    ]


def state_topic(host_id: str) -> str:
    return f"{NAMESPACE}/STATE/{host_id}"


def command_topic(group: str, node: str) -> str:
    return f"{NAMESPACE}/{group}/NCMD/{node}"
