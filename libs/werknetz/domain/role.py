"""The role of a signal: what its values mean for the equipment."""

from enum import StrEnum


class Role(StrEnum):
    STATE = "state"
    GOOD_COUNT = "good_count"
    TOTAL_COUNT = "total_count"
    SCRAP_COUNT = "scrap_count"
    REWORK_COUNT = "rework_count"
    ORDER = "order"  # text: number of the running order; empty: none
    PLANNED_RUN_TIME = (
        "planned_run_time"  # seconds per item (ISO 22400 PRI), valid from its time on
    )
    MODE = "mode"
    ENERGY = "energy"
    PROCESS_VALUE = "process_value"
    HEARTBEAT = "heartbeat"

    @property
    def is_count(self) -> bool:
        return self.value.endswith("_count")

    @property
    def is_counter(self) -> bool:
        """Whether its values count up, and what they count is summed: items, or energy."""
        return self.is_count or self is Role.ENERGY

    @property
    def affects_kpis(self) -> bool:
        """Whether a new sample of this role makes a bucket dirty."""
        return self.is_counter or self in {Role.STATE, Role.ORDER, Role.PLANNED_RUN_TIME}
