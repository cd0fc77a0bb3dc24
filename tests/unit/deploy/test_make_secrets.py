"""Secrets of the compose stack: made once, private, and certificates that clients accept."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from plumbing.deploy_scripts import FOLDER, ROOT, load_script

make_secrets = load_script("make_secrets")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(make_secrets, "FOLDER", tmp_path / "secrets")
    monkeypatch.delenv("WERKNETZ_EDGE_1", raising=False)
    make_secrets.main()
    return tmp_path / "secrets"


def contents(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): file.read_text()
        for file in folder.rglob("*")
        if file.is_file() and file.name != "mosquitto_passwd"  # salted anew
    }


def test_a_second_run_changes_nothing(folder: Path) -> None:
    before = contents(folder)
    make_secrets.main()
    assert contents(folder) == before


def test_only_the_owner_can_enter_the_folders(folder: Path) -> None:
    assert [path.stat().st_mode & 0o777 for path in (folder, folder / "tls")] == [0o700, 0o700]


def test_each_service_has_its_own_password(folder: Path) -> None:
    urls = [text for name, text in contents(folder).items() if "_url" in name and "tls" not in name]
    passwords = {url.rpartition("@")[0].rpartition(":")[2] for url in urls}
    assert len(passwords) == len(urls) > 7
    lists = [
        (folder / name).read_text() for name in ("valkey_acl", "queue_acl", "mosquitto_passwd")
    ]
    assert not [password for password in passwords for text in lists if password in text]


def test_a_deleted_url_gets_another_password(folder: Path) -> None:
    before = contents(folder)
    (folder / "redis_url_edge_1").unlink()
    make_secrets.main()
    after = contents(folder)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"redis_url_edge_1", "tls/redis_url_edge_1", "valkey_acl"}


def test_passwords_of_the_version_before_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    former = {
        "postgres_password": "p" * 48, "database_url": "postgresql://werknetz:p@db:5432/werknetz",
        "mqtt_password": "m" * 48, "mqtt_url": f"mqtt://werknetz:{'m' * 48}@mosquitto:1883",
    }  # fmt: skip
    for name, text in former.items():
        (folder / name).write_text(text)
    monkeypatch.setattr(make_secrets, "FOLDER", folder)
    make_secrets.main()
    assert {name: (folder / name).read_text() for name in former} == former
    assert (folder / "mosquitto_passwd").read_text().count("werknetz:") == 1


def test_an_edge_may_use_the_keys_of_the_connector_in_its_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.yaml").write_text("# mine\nconnector: 'press-7' # hall 2\nprotocol: mqtt\n")
    monkeypatch.setenv("WERKNETZ_EDGE_1", str(tmp_path / "mine.yaml"))
    make_secrets.main()
    edge = next(
        line
        for line in (folder / "valkey_acl").read_text().splitlines()
        if line.startswith("user edge-1 ")
    )
    assert "%W~wn:in:{press-7} " in edge
    assert "emden" not in edge


@pytest.mark.parametrize(
    ("url", "with_tls"),
    [
        ("redis://edge-1:x@valkey:6379/0",
         "rediss://edge-1:x@valkey:6379/0?ssl_ca_certs=/run/secrets/tls_ca"),
        ("mqtt://u:x@mosquitto:1883", "mqtts://u:x@mosquitto:8883?ca=/run/secrets/tls_ca"),
        ("postgresql://u:x@postgres:5432/d",
         "postgresql://u:x@postgres:5432/d?sslmode=verify-full&sslrootcert=/run/secrets/tls_ca"),
        ("postgresql://u:x@mine/d?sslmode=require", "postgresql://u:x@mine/d?sslmode=require"),
    ],
)  # fmt: skip
def test_urls_have_a_form_with_tls(url: str, with_tls: str) -> None:
    assert make_secrets.over_tls(url) == with_tls


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_certificates_are_accepted_and_renewed_by_the_same_authority(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    script = shutil.copy(FOLDER / "make_certificates.sh", tmp_path / "deploy")

    def make() -> Path:
        subprocess.run(["sh", script, "api.example", "10.1.2.3"], check=True, timeout=60)
        return tmp_path / "secrets" / "tls"

    folder = make()
    first, authority = (folder / "core.pem").read_text(), (folder / "ca.pem").read_text()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "ca.key").stat().st_mode & 0o777 == 0o600
    names = {"postgres", "valkey", "queue", "mosquitto", "core"}
    assert names == {file.stem for file in folder.glob("*.pem")} - {"ca"}
    assert shake_hands(folder, "core", "api.example")
    assert shake_hands(folder, "core", "10.1.2.3")
    assert shake_hands(folder, "postgres", "postgres")
    assert make() == folder
    assert (folder / "core.pem").read_text() != first
    assert (folder / "ca.pem").read_text() == authority
    assert shake_hands(folder, "core", "api.example")


def shake_hands(folder: Path, server: str, name: str) -> bool:
    client = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{server}.pem", folder / f"{server}.key")
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = (
        client.wrap_bio(to_client, to_server, server_hostname=name),
        context.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(5):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            if side is sides[1]:
                return True
    return False


def test_the_stack_mounts_only_what_exists(folder: Path) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    mounted = {
        line.partition("file: ./secrets/")[2].rstrip(" }")
        for line in text.splitlines()
        if "file: ./secrets/" in line
    }
    assert mounted <= contents(folder).keys() | {"mosquitto_passwd"}
