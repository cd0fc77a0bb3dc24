"""What an operator writes about a PLC, and the points that it means."""

from typing import Any

import pytest
from pydantic import ValidationError

from werknetz_edge.s7.config import S7Config


def _config(*items: Any, **options: Any) -> S7Config:
    return S7Config.model_validate({"host": "plc", "items": list(items), **options})


def test_addresses_are_readable_and_names_take_their_place() -> None:
    config = _config(
        "DB10.DBD4:REAL",
        {"address": "EW64:INT", "name": "pressure", "period_s": 10},
        {"address": "DB1.DBX0.7", "count": 2},
        {"address": "DB2.DBW0:INT", "count": 2, "name": "zone"},
    )
    assert [(point.address, point.start, point.period_s) for point in config.points()] == [
        ("DB10.DBD4:REAL", 4, 1.0),
        ("pressure", 64, 10.0),
        ("DB1.DBX0.7", 0, 1.0),
        ("DB1.DBX1.0", 1, 1.0),
        ("zone[0]", 0, 1.0),
        ("zone[1]", 2, 1.0),
    ]


@pytest.mark.parametrize(
    ("items", "options", "remedy"),
    [
        ([], {}, "list the values to read"),
        (["DB1.DBQ3"], {}, "of the form"),
        (["DB1.DBW0", "db1.dbw0"], {}, "two items are called 'DB1.DBW0'"),
        ([{"address": "DB1.DBD65530:REAL", "count": 3}], {}, "beyond byte 65535"),
        ([12], {}, "valid string"),
        (["MW0"], {"rack": 8}, "less than or equal to 7"),
        (["MW0"], {"pdu_max": 100}, "greater than or equal to 240"),
        (["MW0"], {"write": True}, "Extra inputs"),
    ],
)
def test_what_does_not_fit_is_an_error(
    items: list[Any], options: dict[str, Any], remedy: str
) -> None:
    with pytest.raises(ValidationError) as error:
        _config(*items, **options)
    assert remedy in str(error.value)
