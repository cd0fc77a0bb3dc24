"""Options that all polled sources share in the edge file."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from werknetz.connector.contract import HEARTBEAT

POINTS_MAX = 20_000
TEXT_MAX = 200


def _readable(name: str | None) -> str | None:
    if name is None:
        return None
    if name == HEARTBEAT or not name.isprintable() or name != name.strip():
        raise ValueError(
            f"name {name!r}: choose another; {HEARTBEAT!r} is reserved, and blanks at the ends or"
            " unprintable characters are not allowed"
        )
    return name


class PolledItem(BaseModel):
    """One value of the machine, or `count` adjacent values."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str | None, AfterValidator(_readable)] = Field(
        None,
        min_length=1,
        max_length=TEXT_MAX,
        description="name for mapping rules; default: the address. With count: name[0], …",
    )
    period_s: float | None = Field(
        None, ge=0.01, le=86_400, description="polling period; default: that of the source"
    )
    count: int | None = Field(
        None, ge=1, le=POINTS_MAX, description="number of adjacent values of the same type"
    )

    def name_of_value(self, index: int, address: str) -> str:
        """Return the name of the item's value number `index`, which is at `address`."""
        if self.name is None:
            return address
        return self.name if self.count is None else f"{self.name}[{index}]"


class PollingOptions(BaseModel):
    """How a machine is polled. Unknown options are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(min_length=1, description="name or IP address of the machine")
    timeout_s: float = Field(
        3, gt=0, le=20, description="time-out of one request; after it a new session is opened"
    )
    period_s: float = Field(1, ge=0.01, le=86_400, description="polling period of all items")
    report: Literal["changes", "every"] = Field(
        "changes", description="changes: an unchanged value is not reported at each poll"
    )
    silence_max_s: float = Field(
        60,
        gt=0,
        le=86_400,
        description="with changes: an unchanged value is reported after this time",
    )
    gap_after_polls: int = Field(
        3, ge=1, le=1000, description="a session lost for more polls than this is a gap record"
    )


def expand_items(items: Any) -> Any:
    """Expand items that are written as an address alone."""
    if isinstance(items, list | tuple):
        return [item if isinstance(item, dict) else {"address": item} for item in items]
    return items


def check_names(names: list[str]) -> None:
    """Raise ValueError for no points, too many, or two of the same name."""
    if not names:
        raise ValueError("`items` is empty: list the values to read")
    if len(names) > POINTS_MAX:
        raise ValueError(
            f"items list {len(names)} values, but one edge polls at most {POINTS_MAX}:"
            " split them into several edge files"
        )
    names_seen: set[str] = set()
    for name in names:
        if name in names_seen:
            raise ValueError(f"two items are called {name!r}: give one of them another `name`")
        names_seen.add(name)
