"""Options of one Sparkplug infrastructure. The field descriptions are the documentation."""

from typing import Annotated

from pydantic import Field, field_validator

from werknetz_edge.mqtt.broker import BrokerConfig

_SIGNS: str = "/+#\0"


class SparkplugConfig(BrokerConfig):
    host_id: str | None = Field(
        default=None,
        description="our id on spBv1.0/STATE/<host_id>, which edge nodes may wait for; "
        "default: the connector's id",
    )
    groups: tuple[str, ...] = Field(default=("+",), description="group ids; `+`: every group")
    reorder_s: Annotated[float, Field(gt=0, le=60)] = Field(
        default=2.0, description="how long an early message waits for its predecessors"
    )
    rebirth_every_s: Annotated[float, Field(ge=5, le=3600)] = Field(
        default=30.0,
        description="least time between two requests for a node's birth; doubles up to an hour "
        "while it does not answer",
    )
    rebirth_requests: bool = Field(
        default=True,
        description="false: publish no rebirth commands; after a restart values without a known "
        "name then stay in quarantine until the nodes publish births by themselves",
    )
    payload_max_bytes: Annotated[int, Field(ge=1024, le=4_000_000)] = Field(
        default=2_000_000, description="also after decompression"
    )

    @field_validator("host_id")
    @classmethod
    def _host_id(cls, host_id: str | None) -> str | None:
        if host_id is not None and (not host_id or any(sign in host_id for sign in _SIGNS)):
            raise ValueError("host_id is one level of a topic: without `/`, `+` and `#`")
        return host_id

    @field_validator("groups")
    @classmethod
    def _groups(cls, groups: tuple[str, ...]) -> tuple[str, ...]:
        for group in groups:
            if group != "+" and (not group or any(sign in group for sign in _SIGNS)):
                raise ValueError(f"group {group!r} is one level of a topic, or `+` for all")
        if not 1 <= len(groups) <= 50 or ("+" in groups and len(groups) > 1):
            raise ValueError("set 1 to 50 groups, or `+` alone for all")
        return groups
