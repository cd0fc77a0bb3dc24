"""A real OpenID Connect provider: oidc-provider of npm, certified by the OpenID Foundation."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from plumbing.npm_tools import npm_tool
from werknetz_demo.embedded.process import Child, free_port

FOLDER: Final = Path(__file__).parent / "oidc_provider_js"
CLIENT: Final = "werknetz"
SECRET: Final = "a secret: with + and %"  # so that its encoding matters
START_S: Final = 60


@dataclass
class OidcProvider:
    """The provider's process. `issuer` is another site than 127.0.0.1, as in a company."""

    script: Path
    folder: Path
    port: int
    options: dict[str, Any]
    child: Child | None = None

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        options = json.dumps({"port": self.port, **self.options})
        self.child = Child.start(
            [shutil.which("node") or "node", str(self.script), options],
            log=self.folder / "oidc-provider.log", folder=self.folder, environment=None,
        )  # fmt: skip
        deadline = time.monotonic() + START_S
        while not self._answers():
            assert time.monotonic() < deadline, self.child.log_tail(50)
            time.sleep(0.05)

    def stop(self) -> None:
        if self.child is not None:
            self.child.kill()
            self.child = None

    def rotate_keys(self) -> None:
        """Make it sign with a new key; the former one is not published any more."""
        answer = httpx2.get(f"http://127.0.0.1:{self.port}/test/rotate", trust_env=False)
        assert answer.text == "rotated"

    def _answers(self) -> bool:
        url = f"http://127.0.0.1:{self.port}/.well-known/openid-configuration"
        try:
            return httpx2.get(url, trust_env=False).is_success
        except httpx2.TransportError:
            return False


@contextmanager
def oidc_provider(
    folder: Path, redirect_uri: str, *, post_logout: str, groups: dict[str, list[str]], **more: Any
) -> Iterator[OidcProvider]:
    """Start a provider with one client; skip the test where npm cannot install it."""
    script = npm_tool(FOLDER, "provider.js")
    if script is None:
        pytest.skip("the provider cannot run here: it needs node, npm and an npm registry")
    client = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "redirect_uris": [redirect_uri],
        "post_logout_redirect_uris": [post_logout],
        "backchannel_logout_uri": redirect_uri.replace("callback", "backchannel_logout"),
        "backchannel_logout_session_required": True,
    }
    provider = OidcProvider(
        script, folder, free_port(), {"groups": groups, "clients": [client], **more}
    )
    try:
        provider.start()
        yield provider
    finally:
        provider.stop()
