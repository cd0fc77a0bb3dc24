"""Limits of an HTTP server: times, sizes and numbers of connections."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from werknetz.runtime.http_server.address import TrustedProxies
from werknetz.runtime.settings import SettingError, read_env, read_number_env

TIME_S_MAX: Final = 3_600.0
CONNECTIONS_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What one client may take of a server. Times in seconds, rates in bytes per second."""

    connections_max: int = 512
    connections_per_address_max: int = 128
    connections_per_proxy_max: int = 448  # loopback and trusted proxies: of many clients
    header_s: float = 10.0  # from the first byte; of a new connection from its start
    idle_s: float = 30.0  # keep-alive
    body_s: float = 15.0  # and 1 s more for each `body_bytes_per_s` that arrived
    body_bytes_per_s: float = 1_000.0
    write_s: float = 30.0  # in which the client must read `write_s * write_bytes_per_s`
    write_bytes_per_s: float = 1_000.0
    header_bytes_max: int = 16_384  # request line and all headers
    headers_max: int = 100
    proxies: TrustedProxies = field(default_factory=TrustedProxies)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read WERKNETZ_HTTP_… and WERKNETZ_TRUSTED_PROXIES; SettingError names the remedy."""

        def read_time(name: str, default: float) -> float:
            return _read(name, default, TIME_S_MAX, environment)

        def read_count(name: str, default: int) -> int:
            return int(_read(name, default, CONNECTIONS_MAX, environment, convert=int))

        default = cls()
        return cls(
            connections_max=read_count("WERKNETZ_HTTP_CONNECTIONS", default.connections_max),
            connections_per_address_max=read_count(
                "WERKNETZ_HTTP_CONNECTIONS_PER_ADDRESS", default.connections_per_address_max
            ),
            connections_per_proxy_max=read_count(
                "WERKNETZ_HTTP_CONNECTIONS_PER_PROXY", default.connections_per_proxy_max
            ),
            header_s=read_time("WERKNETZ_HTTP_HEADER_S", default.header_s),
            idle_s=read_time("WERKNETZ_HTTP_IDLE_S", default.idle_s),
            body_s=read_time("WERKNETZ_HTTP_BODY_S", default.body_s),
            write_s=read_time("WERKNETZ_HTTP_WRITE_S", default.write_s),
            proxies=read_trusted_proxies(environment),
        )

    def connections_max_of(self, host: str, *, is_loopback: bool) -> int:
        if is_loopback or host in self.proxies:
            return self.connections_per_proxy_max
        return self.connections_per_address_max


def read_trusted_proxies(environment: Mapping[str, str] | None = None) -> TrustedProxies:
    """Read WERKNETZ_TRUSTED_PROXIES: addresses and networks, separated by commas."""
    text = read_env("WERKNETZ_TRUSTED_PROXIES", environment)
    try:
        return TrustedProxies.parse(text or "")
    except ValueError as error:
        raise SettingError(f"WERKNETZ_TRUSTED_PROXIES: {error}") from error


def _read(
    name: str,
    default: float,
    largest: float,
    environment: Mapping[str, str] | None,
    *,
    convert: Callable[[float], float] = float,
) -> float:
    number = read_number_env(name, default, environment)
    if not 0 < number <= largest or convert(number) != number:
        form = "a whole number" if convert is int else "a number"
        raise SettingError(f"{name} is {number:g}: write {form} above 0, at most {largest:g}")
    return number
