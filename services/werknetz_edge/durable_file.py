"""Replace a small file so that a crash leaves either the old content or the new one."""

import os
from pathlib import Path


def write_durably(path: Path, text: str) -> None:
    """Write `text` to disk, then rename it over `path`. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
