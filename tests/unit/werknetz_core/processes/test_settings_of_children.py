"""Settings reach other API processes as they are: each of them can be pickled."""

import pickle
from dataclasses import fields, replace
from pathlib import Path

from werknetz_core.accounts.secret_box import SecretBox
from werknetz_core.oidc.settings import OidcSettings
from werknetz_core.settings import CoreSettings

PROVIDER = """
public_url = "https://werknetz.example.com"

[[providers]]
name = "company"
title = "Company account"
issuer = "https://login.example.com"
client_id = "werknetz"
client_secret_file = "secret"

[[providers.groups]]
group = "emden"
role = "viewer"
plants = ["nordwerk/emden-1"]
"""


def test_a_child_gets_all_settings(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cr3t")
    (tmp_path / "secret").chmod(0o600)
    (tmp_path / "oidc.toml").write_text(PROVIDER)
    settings = replace(
        CoreSettings("postgresql://127.0.0.1/x", "redis://127.0.0.1"),
        totp_box=SecretBox("k" * 32),
        oidc=OidcSettings.load(tmp_path / "oidc.toml"),
        cors_origins=("https://board.example.com",),
    )
    child: CoreSettings = pickle.loads(pickle.dumps(settings))  # noqa: S301 - our own
    names = {field.name for field in fields(CoreSettings)} - {"totp_box"}
    assert {n: getattr(child, n) for n in names} == {n: getattr(settings, n) for n in names}
    assert settings.totp_box is not None
    assert child.totp_box is not None
    assert child.totp_box.open(settings.totp_box.seal(b"secret", 7), 7) == b"secret"
