"""What can be said of every polled source in the edge file, under `options`."""

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
            f"name {name!r}: take another; {HEARTBEAT!r} is the connector's own, and blanks at the"
            " ends or signs that cannot be printed are not allowed"
        )
    return name


class PolledItem(BaseModel):
    """One value of the machine, or `count` of them side by side."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str | None, AfterValidator(_readable)] = Field(
        None,
        min_length=1,
        max_length=TEXT_MAX,
        description="what mapping rules call it; default: its address. With count: name[0], …",
    )
    period_s: float | None = Field(
        None, ge=0.01, le=86_400, description="how often it is read; default: that of the source"
    )
    count: int | None = Field(
        None, ge=1, le=POINTS_MAX, description="so many of the same kind, one behind the other"
    )

    def name_of_value(self, index: int, address: str) -> str:
        """The name of the item's value number `index`, which stands at `address`."""
        if self.name is None:
            return address
        return self.name if self.count is None else f"{self.name}[{index}]"


class PollingOptions(BaseModel):
    """How a machine is polled. Unknown names are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(min_length=1, description="name or IP address of the machine")
    timeout_s: float = Field(
        3, gt=0, le=20, description="how long one answer may take; after that, a new session"
    )
    period_s: float = Field(1, ge=0.01, le=86_400, description="how often everything is read")
    report: Literal["changes", "every"] = Field(
        "changes", description="changes: a value that stays the same is not told at each poll"
    )
    silence_max_s: float = Field(
        60, gt=0, le=86_400, description="with changes: told again after so long, though the same"
    )
    gap_after_polls: int = Field(
        3, ge=1, le=1000, description="a session lost for more polls than this is a gap record"
    )


def expand_items(given: Any) -> Any:
    """An item may be written as its address alone."""
    if isinstance(given, list | tuple):
        return [item if isinstance(item, dict) else {"address": item} for item in given]
    return given


def check_names(names: list[str]) -> None:
    """Raise ValueError for no points, too many, or two of the same name."""
    if not names:
        raise ValueError("`items` is empty: name what is to be read")
    if len(names) > POINTS_MAX:
        raise ValueError(
            f"items name {len(names)} values, but {POINTS_MAX} are the most that one edge polls:"
            " share them among several edge files"
        )
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"two items are called {name!r}: give one of them another `name`")
        seen.add(name)
