from pathlib import Path

from werknetz_core.context.edge_forwarder import EdgeForwarder
from werknetz_core.settings import CoreSettings


def test_the_edge_for_events_is_named_by_the_environment(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("secret\n")
    environment = {
        "WERKNETZ_DATABASE_URL": "postgresql://nowhere",
        "WERKNETZ_WEBHOOK_URL": "http://edge:8088",
        "WERKNETZ_WEBHOOK_KEY_FILE": str(key),
    }
    settings = CoreSettings.from_environment(environment)
    assert (settings.webhook_url, settings.webhook_key) == ("http://edge:8088", "secret")
    assert EdgeForwarder.from_settings(CoreSettings("postgresql://nowhere")) is None
