"""Where the supplier keeps what; and its host key's fingerprint, as `ssh-keygen -l` prints it."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PARTNERS: Final = ("nordwerk",)
"""Who has an account. Each sees a folder of its own."""


@dataclass(frozen=True, slots=True)
class Place:
    folder: Path

    @property
    def host_key(self) -> Path:
        return self.folder / "host_key"

    @property
    def public_key(self) -> Path:
        return self.folder / "host_key.pub"

    @property
    def diary(self) -> Path:
        return self.folder / "told.json"

    @property
    def group_diary(self) -> Path:
        return self.folder / "group.json"

    def password(self, partner: str) -> Path:
        return self.folder / f"{partner}.password"

    def files(self, partner: str) -> Path:
        return self.folder / "files" / partner

    def fingerprint(self) -> str:
        """Read from the installation's own disk: nobody on the way can have changed it."""
        blob = base64.b64decode(self.public_key.read_text().split()[1])
        digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
        return f"SHA256:{digest.rstrip('=')}"
