"""The TLS options of the broker's URL, as Celery takes them: verification unless it is off."""

import ssl
from pathlib import Path

import pytest

from werknetz.link.redis_client import connect_redis
from werknetz.runtime.settings import SettingError
from werknetz_worker.app import create_celery, split_tls_options


def test_without_tls_the_url_stays() -> None:
    url = "redis://:secret@queue:6379/0?socket_timeout=3"
    assert split_tls_options(url) == (url, None)


def test_certificates_and_names_are_verified_by_default() -> None:
    url, options = split_tls_options("rediss://u:p@queue:6379/0?ssl_ca_certs=/ca.pem&x=1")
    assert url == "rediss://u:p@queue:6379/0?x=1"
    assert options == {
        "ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True, "ssl_ca_certs": "/ca.pem"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "name", "value"),
    [
        ("ssl_cert_reqs=none", "ssl_cert_reqs", ssl.CERT_NONE),
        ("ssl_cert_reqs=CERT_OPTIONAL", "ssl_cert_reqs", ssl.CERT_OPTIONAL),
        ("ssl_check_hostname=false", "ssl_check_hostname", False),
        ("ssl_check_hostname=yes", "ssl_check_hostname", True),
    ],
)
def test_options_of_the_url_count(query: str, name: str, value: object) -> None:
    _, options = split_tls_options(f"rediss://queue/0?{query}")
    assert options is not None
    assert options[name] == value


def test_an_unknown_requirement_is_rejected() -> None:
    with pytest.raises(SettingError, match="WERKNETZ_BROKER_URL: ssl_cert_reqs is 'maybe'"):
        split_tls_options("rediss://queue/0?ssl_cert_reqs=maybe")


@pytest.mark.parametrize("name", ["ssl_ca_certs", "ssl_certfile", "ssl_keyfile"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    url = f"rediss://u:secret@queue/0?{name}={tmp_path}/none.pem"
    text = f"{name} names {tmp_path}/none.pem: No such file"
    with pytest.raises(SettingError, match=f"WERKNETZ_BROKER_URL: {text}") as caught:
        create_celery(url)
    assert "secret" not in str(caught.value)
    with pytest.raises(SettingError, match=f"WERKNETZ_REDIS_URL: {text}"):
        connect_redis(url)
