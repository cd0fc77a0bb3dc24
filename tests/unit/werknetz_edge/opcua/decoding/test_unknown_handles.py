"""Values of handles that are no address: ignored for the events item, else to quarantine."""

from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua.ua.ua_binary import struct_to_binary

from werknetz_edge.opcua.decoding.decoder import EVENTS_HANDLE, DecodedMessage, Decoder
from werknetz_edge.opcua.decoding.message import parse_publish_response
from werknetz_edge.opcua.stack import ua

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


def decode(*handles: int, plain: Any = 1.5) -> DecodedMessage:
    items = [
        ua.MonitoredItemNotification(
            ClientHandle=handle, Value=ua.DataValue(ua.Variant(plain), SourceTimestamp=AT)
        )
        for handle in handles
    ]
    notification = ua.NotificationMessage(
        SequenceNumber=1, NotificationData=[ua.DataChangeNotification(MonitoredItems=items)]
    )
    result = ua.PublishResult(7, NotificationMessage=notification)
    content = bytes(struct_to_binary(ua.PublishResponse(Parameters=result)))
    return Decoder(["heartbeat", "a", "b"]).decode(parse_publish_response(content), 10**15)


@pytest.mark.parametrize("plain", [1.5, "text"])
@pytest.mark.parametrize(
    ("handles", "values", "unreadable"),
    [
        ((1, EVENTS_HANDLE, 2), 2, 0),
        ((EVENTS_HANDLE,), 0, 0),
        ((1,) * 10 + (EVENTS_HANDLE,) * 10, 10, 0),
        ((1, 2, 3), 2, 1),
        ((1,) * 10 + (3,) * 10, 10, 1),
    ],
)
def test_an_unknown_handle_costs_no_other_value(
    handles: tuple[int, ...], values: int, unreadable: int, plain: Any
) -> None:
    result = decode(*handles, plain=plain)
    assert result.values == values
    assert len(result.unreadable) == unreadable
    assert all("was never assigned" in entry.reason for entry in result.unreadable)
