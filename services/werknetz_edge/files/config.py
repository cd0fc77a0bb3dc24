"""What an operator says about an inbox. The field descriptions are the documentation."""

import os
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_FORM: Final = ConfigDict(extra="forbid", frozen=True)
_NAME: Final = r"^[A-Za-z0-9_][A-Za-z0-9_. -]{0,62}$"


class SftpConfig(BaseModel):
    """An SFTP server. Its host key must be known: give `known_hosts` or `fingerprint`."""

    model_config = _FORM
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65_535)] = 22
    user: Annotated[str, Field(min_length=1)]
    path: str = Field(default=".", description="folder on the server that is looked into")
    password: str | None = Field(default=None, repr=False)
    password_file: Path | None = Field(default=None, description="rather than `password`")
    key: Path | None = Field(default=None, description="our private key, OpenSSH or PEM")
    key_passphrase_file: Path | None = None
    known_hosts: Path | None = Field(default=None, description="file in OpenSSH's form")
    fingerprint: str | None = Field(
        default=None, description="of the server's host key, as `ssh-keygen -l` prints: SHA256:…"
    )
    timeout_s: Annotated[float, Field(gt=0, le=300)] = Field(
        default=30.0, description="of connecting and of each request"
    )

    @field_validator("fingerprint")
    @classmethod
    def _fingerprint(cls, given: str | None) -> str | None:
        if given is not None and not given.startswith("SHA256:"):
            raise ValueError("fingerprint must read SHA256:…, as `ssh-keygen -l` prints it")
        return given

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.password is not None and self.password_file is not None:
            raise ValueError("give `password` or `password_file`, not both")
        if self.password is None and self.password_file is None and self.key is None:
            raise ValueError("give `password_file` or `key`: who are we?")
        return self

    def secret(self, given: str | None, file: Path | None) -> str | None:
        """A password or passphrase; from its file at each connect, so that it can be changed."""
        if file is not None:
            return file.read_text(encoding="utf-8").rstrip(os.linesep)
        return given


class InboxConfig(BaseModel):
    """A watched folder, or one on an SFTP server."""

    model_config = _FORM
    folder: Path | None = Field(default=None, description="watched folder; a share will do")
    sftp: SftpConfig | None = None
    pattern: tuple[str, ...] = Field(
        default=("*",), description="globs such as *.csv, upper or lower case; others stay"
    )
    done: Annotated[str, Field(pattern=_NAME)] = Field(
        default="done", description="folder in it for what is safe"
    )
    failed: Annotated[str, Field(pattern=_NAME)] = Field(
        default="failed", description="folder in it for what cannot be read, with the reason"
    )
    settle_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=5.0, description="a file is whole when it has not changed for so long"
    )
    poll_s: Annotated[float, Field(gt=0, le=3600)] = 5.0
    bytes_max: Annotated[int, Field(ge=1_000)] = Field(
        default=4_000_000_000, description="larger files go to failed/"
    )

    @field_validator("pattern", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.folder is None) == (self.sftp is None):
            raise ValueError("give `folder` or `sftp`, one of them")
        if self.done == self.failed:
            raise ValueError("`done` and `failed` must be two folders")
        return self
