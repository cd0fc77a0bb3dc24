"""Where a connector's secrets stand: in files or in the environment, never in its YAML."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from werknetz.runtime.settings import read_env


class SecretMissing(ValueError):
    """A secret that is not there, or too short; the text says which and what to do."""


class Secret(BaseModel):
    """Where a secret stands: never in the YAML file itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    file: Path | None = Field(
        None, description="one secret a line: while one replaces another, both hold"
    )
    env: str | None = Field(None, description="NAME of a variable; NAME_FILE is read, too")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise ValueError("give `file` or `env`, one of them")
        return self

    def read(self, *, length_min: int = 1) -> tuple[bytes, ...]:
        """Return the secrets; raise SecretMissing. Read at each connect."""
        where = str(self.file) if self.file is not None else f"${self.env}"
        try:
            text = (
                self.file.read_text(encoding="utf-8")
                if self.file is not None
                else read_env(self.env or "") or ""
            )
        except (OSError, UnicodeDecodeError) as error:
            raise SecretMissing(f"the secret in {where} cannot be read: {error}") from error
        found = tuple(line.strip().encode() for line in text.splitlines() if line.strip())
        if not found:
            raise SecretMissing(f"there is no secret in {where}: `openssl rand -hex 32` makes one")
        if min(map(len, found)) < length_min:
            raise SecretMissing(f"a secret in {where} has fewer than {length_min} characters")
        return found
