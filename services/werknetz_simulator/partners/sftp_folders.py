"""Files of the partners' SFTP server on disk, and the fingerprint of its host key."""

import base64
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ACCOUNT: Final = "nordwerk"
"""The only account. It sees its own folder."""


@dataclass(frozen=True, slots=True)
class SftpFolders:
    folder: Path

    @property
    def host_key(self) -> Path:
        return self.folder / "host_key"

    @property
    def public_key(self) -> Path:
        return self.folder / "host_key.pub"

    @property
    def progress(self) -> Path:
        return self.folder / "progress.json"

    @property
    def password(self) -> Path:
        return self.folder / f"{ACCOUNT}.password"

    @property
    def files(self) -> Path:
        return self.folder / "files" / ACCOUNT

    def fingerprint(self) -> str:
        """Return the fingerprint as `ssh-keygen -l` prints it, read from the local key file."""
        blob = base64.b64decode(self.public_key.read_text().split()[1])
        digest = base64.b64encode(hashlib.sha256(blob).digest()).decode()
        return f"SHA256:{digest.rstrip('=')}"


def put_file(file: Path, content: bytes, at_us: int) -> None:
    """Write the file in one step under its name, with this modification time."""
    draft = file.with_name(f"{file.name}.part")
    draft.write_bytes(content)
    os.utime(draft, ns=(at_us * 1000, at_us * 1000))
    draft.replace(file)
