"""The allow list of origins."""

import pytest

from werknetz.runtime.http_server.cors import parse_origins
from werknetz.runtime.settings import SettingError


def test_origins_are_separated_by_commas() -> None:
    text = "https://a.example, http://10.1.2.3:3000,,https://[2001:db8::1]:8443"
    assert parse_origins(text) == (
        "https://a.example", "http://10.1.2.3:3000", "https://[2001:db8::1]:8443",
    )  # fmt: skip
    assert parse_origins("") == ()


@pytest.mark.parametrize(
    "origin",
    [
        "*", "null", "a.example", "https://a.example/", "https://a.example/page",
        "https://A.example", "ftp://a.example", "https://a.example:", "https://*.example",
    ],
)  # fmt: skip
def test_what_is_no_origin_is_an_error_with_the_remedy(origin: str) -> None:
    with pytest.raises(SettingError, match="is no origin: write scheme, host and port"):
        parse_origins(f"https://b.example,{origin}")
