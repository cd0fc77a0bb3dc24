from pathlib import Path

import pytest

from werknetz.runtime.settings import SettingError
from werknetz_core.settings import CoreSettings

DATABASE = {"WERKNETZ_DATABASE_URL": "postgresql://h/d"}


def test_a_missing_authority_of_redis_is_named_at_the_start(tmp_path: Path) -> None:
    url = f"rediss://u:secret@valkey:6379/0?ssl_ca_certs={tmp_path}/none.pem"
    text = f"WERKNETZ_REDIS_URL: ssl_ca_certs names {tmp_path}/none.pem: No such file"
    with pytest.raises(SettingError, match=text) as caught:
        CoreSettings.from_environment({**DATABASE, "WERKNETZ_REDIS_URL": url})
    assert "secret" not in str(caught.value)


def test_the_url_of_redis_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    url = f"rediss://valkey:6379/0?ssl_ca_certs={tmp_path}/ca.pem"
    settings = CoreSettings.from_environment({**DATABASE, "WERKNETZ_REDIS_URL": url})
    assert settings.redis_url == url
    assert CoreSettings.from_environment(DATABASE).redis_url is None
