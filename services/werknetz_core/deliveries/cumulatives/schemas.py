"""Cumulative quantities as the API shows them."""

from datetime import datetime

from werknetz_core.deliveries.schemas import RelationView


class CumulativeView(RelationView):
    """Demanded, received and in transit since the zero date, and the sums that messages state."""

    relation_id: int
    zero_at: datetime | None
    as_of: datetime
    demanded: float
    received: float
    in_transit: float
    open: float
    stated_received: float | None
    stated_delivered: float | None
    received_difference: float | None
    delivered_difference: float | None
