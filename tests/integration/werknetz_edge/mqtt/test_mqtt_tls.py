"""MQTT over TLS: a broker with a good certificate is taken, every other refused with the remedy."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from plumbing.certificates import REFUSED_CERTIFICATES, Authority, RefusedCertificate
from plumbing.tls_front import tls_front
from werknetz.connector.contract import ConfigurationRejected
from werknetz_edge.mqtt import create

pytestmark = pytest.mark.asyncio


def options_of(mqtt_url: str, port: int, authority: Path) -> dict[str, object]:
    parts = urlsplit(mqtt_url)
    return {
        "url": f"mqtts://localhost:{port}", "ca": str(authority), "topics": ["tls/+"],
        "user": parts.username, "password": parts.password,
    }  # fmt: skip


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


async def test_a_good_certificate_is_taken(tmp_path: Path, mqtt_url: str) -> None:
    authority = Authority(tmp_path)
    async with tls_front(port_of(mqtt_url), authority.issue("broker")) as port:
        connector = create("tls", options_of(mqtt_url, port, authority.file), tmp_path)
        await connector.connect()
        assert connector.status.state == "running"
        await connector.close()


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("case", REFUSED_CERTIFICATES, ids=lambda case: case.name)
async def test_another_certificate_is_refused(
    tmp_path: Path, mqtt_url: str, case: RefusedCertificate
) -> None:
    authority = Authority(tmp_path)
    async with tls_front(port_of(mqtt_url), case.issue(tmp_path, authority)) as port:
        connector = create("tls", options_of(mqtt_url, port, authority.file), tmp_path)
        text = f"url: the certificate of the MQTT broker at localhost:{port} .*{case.error}"
        with pytest.raises(ConfigurationRejected, match=text):
            await connector.connect()
        assert connector.status.state == "rejected"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_the_authority_is_named_where_none_is_given(tmp_path: Path, mqtt_url: str) -> None:
    async with tls_front(port_of(mqtt_url), Authority(tmp_path).issue("broker")) as port:
        options = {"url": f"mqtts://localhost:{port}", "topics": ["a"]}
        with pytest.raises(ConfigurationRejected, match="authority that signed it in `ca`"):
            await create("tls", options, tmp_path).connect()


@pytest.mark.parametrize("option", ["ca", "cert"])
async def test_a_missing_file_is_named(tmp_path: Path, option: str) -> None:
    options = {"url": "mqtts://127.0.0.1:1", "topics": ["a"], option: str(tmp_path / "no.pem")}
    if option == "cert":
        options["key"] = options["cert"]
    with pytest.raises(ConfigurationRejected, match="check ca"):
        await create("tls", options, tmp_path).connect()


async def test_a_file_without_a_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    options = {"url": "mqtts://h:1", "topics": ["a"], "ca": str(tmp_path / "ca.pem")}
    with pytest.raises(ConfigurationRejected, match=r"is no PEM .*: write PEM files to `ca`"):
        await create("tls", options, tmp_path).connect()
