"""Settings of the HTTP server, and whom its limits count as one client."""

import pytest

from werknetz.runtime.http_server.address import TrustedProxies, client_of, is_loopback
from werknetz.runtime.http_server.limits import HttpLimits
from werknetz.runtime.settings import SettingError


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("/run/werknetz.sock", "/run/werknetz.sock"),
    ],
)
def test_a_client_is_an_address_or_a_network(host: str, client: str) -> None:
    assert client_of(host) == client


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True),
        ("128.0.0.1", False), ("::2", False), ("localhost", False), ("", False),
    ],
)  # fmt: skip
def test_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_trusted_proxies_are_addresses_and_networks() -> None:
    proxies = TrustedProxies.parse("10.1.2.3, 10.2.0.0/16,,2001:db8::/32")
    inside = ("10.1.2.3", "10.2.0.0", "10.2.255.255", "::ffff:10.2.0.9", "2001:db8::9")
    outside = ("10.1.2.4", "10.3.0.0", "2001:db9::", "10.2", "", "unix")
    assert [host in proxies for host in (*inside, *outside)] == [True] * 5 + [False] * 6
    assert "127.0.0.1" not in TrustedProxies.parse("")


@pytest.mark.parametrize("text", ["*", "10.1.2.300", "proxy.example", "10.1.2.3/8"])
def test_a_wrong_proxy_is_an_error_with_the_remedy(text: str) -> None:
    with pytest.raises(SettingError, match=r"WERKNETZ_TRUSTED_PROXIES: .*write for example"):
        HttpLimits.from_environment({"WERKNETZ_TRUSTED_PROXIES": text})


def test_settings_are_read() -> None:
    assert HttpLimits.from_environment({}) == HttpLimits()
    limits = HttpLimits.from_environment(
        {
            "WERKNETZ_HTTP_CONNECTIONS": "9",
            "WERKNETZ_HTTP_CONNECTIONS_PER_ADDRESS": "3",
            "WERKNETZ_HTTP_CONNECTIONS_PER_PROXY": "7",
            "WERKNETZ_HTTP_HEADER_S": "0.5",
            "WERKNETZ_HTTP_IDLE_S": "1.5",
            "WERKNETZ_HTTP_BODY_S": "2.5",
            "WERKNETZ_HTTP_WRITE_S": "3600",
            "WERKNETZ_TRUSTED_PROXIES": "10.0.0.1",
        }
    )
    counts = (limits.connections_max, limits.connections_per_address_max)
    assert (*counts, limits.connections_per_proxy_max) == (9, 3, 7)
    assert (limits.header_s, limits.idle_s, limits.body_s, limits.write_s) == (0.5, 1.5, 2.5, 3600)
    assert limits.connections_max_of("192.0.2.1", is_loopback=False) == 3
    assert limits.connections_max_of("10.0.0.1", is_loopback=False) == 7
    assert limits.connections_max_of("127.0.0.1", is_loopback=True) == 7


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WERKNETZ_HTTP_CONNECTIONS", "0"),
        ("WERKNETZ_HTTP_CONNECTIONS", "1.5"),
        ("WERKNETZ_HTTP_CONNECTIONS_PER_ADDRESS", "100001"),
        ("WERKNETZ_HTTP_HEADER_S", "0"),
        ("WERKNETZ_HTTP_BODY_S", "3600.5"),
        ("WERKNETZ_HTTP_WRITE_S", "soon"),
    ],
)
def test_a_wrong_setting_names_itself(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"{name} is .*write a"):
        HttpLimits.from_environment({name: value})
