from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from werknetz_edge.secret import Secret, SecretMissing
from werknetz_edge.webhook.config import WebhookConfig

KEY = {"method": "key", "secret": {"env": "WMS_KEY"}}
HMAC = {"method": "hmac", "secret": {"env": "WMS_KEY"}}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "nobody can send"),
        ({"sources": {"Wms": {"auth": KEY}}}, "use a-z"),
        ({"sources": {"wms": {}}}, "auth"),
        ({"sources": {"wms": {"auth": {"method": "none"}}}}, "'none'"),
        ({"sources": {"wms": {"auth": {**HMAC, "signed": "{body}.{timestamp}"}}}}, "end with"),
        ({"sources": {"wms": {"auth": {**HMAC, "signed": "{nonce}{body}"}}}}, "'nonce'"),
        ({"sources": {"wms": {"auth": {**HMAC, "timestamp_header": "T"}}}}, "go together"),
        ({"sources": {"wms": {"auth": {**HMAC, "id_header": "T"}}}}, "go together"),
        ({"sources": {"wms": {"auth": KEY, "payload": "csv", "records": "a"}}}, "path in JSON"),
        ({"sources": {"wms": {"auth": KEY, "as": "readings"}}}, "go together"),
        ({"events": KEY, "port": 70_000}, "65535"),
        ({"events": KEY, "host_name": "x"}, "Extra inputs"),
    ],
)
def test_errors_name_the_remedy(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        WebhookConfig.model_validate(options)


def test_secrets_are_files_or_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    secret = Secret(file=file)
    with pytest.raises(SecretMissing, match="cannot be read"):
        secret.read()
    file.write_text("\n \n")
    with pytest.raises(SecretMissing, match="openssl rand"):
        secret.read()
    file.write_text("short\n")
    with pytest.raises(SecretMissing, match="fewer than 16"):
        secret.read(length_min=16)
    file.write_text("old-old-old-old-old\r\nnew-new-new-new-new\n")
    assert secret.read(length_min=16) == (b"old-old-old-old-old", b"new-new-new-new-new")
    monkeypatch.setenv("WMS_KEY_FILE", str(file))
    assert Secret(env="WMS_KEY").read() == secret.read()
