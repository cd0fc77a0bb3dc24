"""Secrets of connectors: read from files or the environment, never from the edge file."""

from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from werknetz.runtime.settings import read_env


class SecretMissing(ValueError):
    """A secret is missing or too short; the message names it and the remedy."""


class Secret(BaseModel):
    """Reference to a file or an environment variable that holds a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    file: Path | None = Field(
        None, description="one secret per line: during a rotation old and new are both valid"
    )
    env: str | None = Field(
        None, description="NAME of an environment variable; NAME_FILE works, too"
    )

    @model_validator(mode="after")
    def _check_source(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise ValueError("set either `file` or `env`")
        return self

    def read(self, *, length_min: int = 1) -> tuple[bytes, ...]:
        """Return the secrets; raise SecretMissing. Called at each connect."""
        where = str(self.file) if self.file is not None else f"${self.env}"
        try:
            text = (
                self.file.read_text(encoding="utf-8")
                if self.file is not None
                else read_env(self.env or "") or ""
            )
        except (OSError, UnicodeDecodeError) as error:
            raise SecretMissing(f"the secret in {where} cannot be read: {error}") from error
        secrets = tuple(line.strip().encode() for line in text.splitlines() if line.strip())
        if not secrets:
            raise SecretMissing(f"no secret in {where}: create one with `openssl rand -hex 32`")
        if min(map(len, secrets)) < length_min:
            raise SecretMissing(f"a secret in {where} has fewer than {length_min} characters")
        return secrets
