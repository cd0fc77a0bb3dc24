"""Whether another user, a crash report or a log could show a secret of an installation."""

import json
from contextlib import suppress
from pathlib import Path

import psutil

from plumbing.installation import Installation

PRIVATE = ("secrets.json", "urls/*", "mqtt/nats.conf", "edge/*.key", "edge/*.yaml", "logs/*.log")


def check_secrets(demo: Installation) -> None:
    """No command line, environment or log has a secret; the files with one are their owner's."""
    secrets: dict[str, str] = json.loads((demo.folder / "secrets.json").read_text())
    secrets["demo key"] = demo.key
    findings = [
        f"{name} in {place}"
        for place, text in _places(demo)
        for name, secret in secrets.items()
        if secret in text
    ]
    assert not findings
    assert len(demo.processes()) > 10
    for pattern in PRIVATE:
        for file in demo.folder.glob(pattern):
            assert file.stat().st_mode & 0o077 == 0, file
    assert len(list(demo.folder.glob("urls/*"))) >= 4


def _places(demo: Installation) -> list[tuple[str, str]]:
    places = [
        (str(log.relative_to(demo.folder)), log.read_text(errors="replace"))
        for log in sorted(demo.folder.rglob("*.log"))
    ]
    for process in (psutil.Process(demo.popen.pid), *demo.processes()):
        for kind in ("cmdline", "environ"):
            with suppress(OSError):  # it has ended meanwhile
                text = Path(f"/proc/{process.pid}/{kind}").read_bytes().decode(errors="replace")
                places.append((f"{kind} of {' '.join(text.split(chr(0))[:4])[:80]}", text))
    return places
