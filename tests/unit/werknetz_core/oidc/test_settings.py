"""The TOML file of providers: what it needs, and errors that name the remedy."""

from pathlib import Path

import pytest

from werknetz.runtime.settings import SettingError
from werknetz_core.oidc.settings import CONFIG, OidcSettings, is_secure_url
from werknetz_core.settings import CoreSettings

FILE = """
public_url = "https://werknetz.example.com/plant"

[[providers]]
name = "company"
title = "Company account"
issuer = "https://login.example.com/realms/plant"
client_id = "werknetz"
client_secret_file = "secret"

[[providers.groups]]
group = "emden"
role = "operator"
plants = ["nordwerk/emden-1"]

[[providers.groups]]
group = "it"
role = "admin"
plants = "all"
"""


def write(folder: Path, text: str = FILE) -> Path:
    (folder / "secret").write_text(" s3cr3t\n")
    file = folder / "oidc.toml"
    file.write_text(text)
    return file


def test_file_with_its_secret(tmp_path: Path) -> None:
    settings = OidcSettings.load(write(tmp_path))
    provider = settings.providers[0]
    assert provider.client_secret == "s3cr3t"
    assert "s3cr3t" not in repr(settings) + str(settings.model_dump())
    assert (provider.groups_path, provider.scopes) == (("groups",), ("openid", "profile", "email"))
    assert provider.groups[0].plants == ("nordwerk/emden-1",)
    assert provider.groups[1].plants == "all"
    assert settings.base_url == "https://werknetz.example.com/plant"
    assert settings.home == "/plant/"
    assert settings.is_https


def test_settings_of_the_core_have_it(tmp_path: Path) -> None:
    environment = {"WERKNETZ_DATABASE_URL": "postgresql://x@127.0.0.1/x"}
    assert CoreSettings.from_environment(environment).oidc is None
    environment[CONFIG] = str(write(tmp_path))
    oidc = CoreSettings.from_environment(environment).oidc
    assert oidc is not None
    assert oidc.find("company") is oidc.providers[0]
    assert oidc.find("other") is None


def test_secret_of_the_environment(tmp_path: Path) -> None:
    text = FILE.replace('client_secret_file = "secret"', 'client_secret_env = "OIDC_SECRET"')
    settings = OidcSettings.load(write(tmp_path, text), {"OIDC_SECRET": "s"})
    assert settings.providers[0].client_secret == "s"
    with pytest.raises(SettingError, match="OIDC_SECRET, which is not set"):
        OidcSettings.load(write(tmp_path, text), {})


def test_client_without_a_secret(tmp_path: Path) -> None:
    text = FILE.replace('client_secret_file = "secret"\n', "")
    assert OidcSettings.load(write(tmp_path, text)).providers[0].client_secret is None


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"WERKNETZ_OIDC_CONFIG names .*absent.toml: No such"):
        OidcSettings.from_environment({CONFIG: str(tmp_path / "absent.toml")})


SECOND = FILE[FILE.index("[[providers]]") :]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ('client_secret_file = "secret"', 'client_secret = "s3cr3t"', "a file of its own"),
        ('"secret"', '"absent"', "absent: No such file"),
        ("client_id = ", "client_ids = ", "providers.0.client_id: Field required"),
        ('"https://login', '"http://login', "issuer: write an https:// address"),
        ("realms/plant", "realms/plant?x=1", "issuer: write an address without [?]"),
        ("realms/plant", "realms/plant#x", "issuer: write an address in ASCII"),
        ("https://werknetz", "ftp://werknetz", "public_url: write an https:// address"),
        ('"operator"', '"boss"', "providers.0.groups.0.role"),
        ('plants = "all"', "", "providers.0.groups.1.plants"),
        ('plants = "all"', 'plants = "every"', "providers.0.groups.1.plants"),
        ('plants = "all"', "plants = []", "providers.0.groups.1.plants"),
        ('"nordwerk/emden-1"', '"/nordwerk"', "write the path of a plant"),
        ('name = "company"', 'name = "Company X"', "providers.0.name"),
        ('name = "company"', 'algorithms = ["none"]', "providers.0.algorithms"),
        ('name = "company"', 'algorithms = ["HS256"]', "providers.0.algorithms"),
        ('name = "company"', 'scopes = ["profile"]', "scopes must contain openid"),
        ('name = "company"', 'ca_file = "absent.pem"', "ca_file names .*absent.pem"),
        ('name = "company"', 'client_secret_env = "X"', "not both"),
        ('name = "company"', 'client_secret_env = "WERKNETZ_X"', "does not begin with WERKNETZ_"),
        ('name = "company"', 'client_secret_env = "a b"', "write WERKNETZ_OIDC_CLIENT_SECRET"),
        ('plants = "all"', f'plants = "all"\n{SECOND}', "two providers have the same name"),
        (
            'plants = "all"',
            f'plants = "all"\n{SECOND.replace("company", "x")}',
            "the same issuer and client_id",
        ),
        ("[[providers]]", "[[providers", "is no TOML file"),
        ("public_url", "public_uri", "public_url: Field required"),
    ],
    ids=range(24),
)  # fmt: skip
def test_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, error: str) -> None:
    assert FILE.count(old)
    with pytest.raises(SettingError, match=error) as raised:
        OidcSettings.load(write(tmp_path, FILE.replace(old, new, 1)))
    assert "s3cr3t" not in str(raised.value)


def test_empty_secret_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path)
    (tmp_path / "secret").write_text("\n")
    with pytest.raises(SettingError, match="secret is empty"):
        OidcSettings.load(file)


@pytest.mark.parametrize(
    ("url", "is_secure"),
    [
        ("https://login.example.com", True),
        ("https://login.example.com:8443/a", True),
        ("http://127.0.0.1:8080", True),
        ("http://127.1.2.3", True),
        ("http://[::1]:8080", True),
        ("http://localhost:8080", True),
        ("http://localhost.example.com", False),
        ("http://login.example.com", False),
        ("http://10.0.0.1", False),
        ("http://127.0.0.1.example.com", False),
        ("http://0.0.0.0", False),
        ("https://user:password@login.example.com", False),
        ("https://", False),
        ("https://login.example.com:port", False),
        ("https://[::1", False),
        ("file:///etc/passwd", False),
        ("login.example.com", False),
        ("", False),
    ],
)
def test_only_tls_or_this_machine(url: str, *, is_secure: bool) -> None:
    assert is_secure_url(url) is is_secure
