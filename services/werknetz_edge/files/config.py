"""Configuration of an inbox. The field descriptions are the documentation."""

import os
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_STRICT: Final = ConfigDict(extra="forbid", frozen=True)
_FOLDER_NAME: Final = r"^[A-Za-z0-9_][A-Za-z0-9_. -]{0,62}$"


class SftpConfig(BaseModel):
    """An SFTP server. Its host key must be known: set `known_hosts` or `fingerprint`."""

    model_config = _STRICT
    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65_535)] = 22
    user: Annotated[str, Field(min_length=1)]
    path: str = Field(default=".", description="folder on the server")
    password: str | None = Field(default=None, repr=False)
    password_file: Path | None = Field(default=None, description="instead of `password`")
    key: Path | None = Field(default=None, description="private key of `user`, OpenSSH or PEM")
    key_passphrase_file: Path | None = None
    known_hosts: Path | None = Field(default=None, description="file in OpenSSH's format")
    fingerprint: str | None = Field(
        default=None, description="of the server's host key, as `ssh-keygen -l` prints: SHA256:…"
    )
    timeout_s: Annotated[float, Field(gt=0, le=300)] = Field(
        default=30.0, description="of connecting and of each request"
    )

    @field_validator("fingerprint")
    @classmethod
    def _fingerprint(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith("SHA256:"):
            raise ValueError("fingerprint must read SHA256:…, as `ssh-keygen -l` prints it")
        return value

    @model_validator(mode="after")
    def _check_combination(self) -> Self:
        if self.password is not None and self.password_file is not None:
            raise ValueError("set `password` or `password_file`, not both")
        if self.password is None and self.password_file is None and self.key is None:
            raise ValueError("no credentials: set `password_file` or `key`")
        return self

    def read_secret(self, value: str | None, file: Path | None) -> str | None:
        """Return a password or passphrase; a file is read at each connect: it may change."""
        if file is not None:
            return file.read_text(encoding="utf-8").rstrip(os.linesep)
        return value


class InboxConfig(BaseModel):
    """A watched local folder, or a folder on an SFTP server."""

    model_config = _STRICT
    folder: Path | None = Field(default=None, description="watched folder; may be a mounted share")
    sftp: SftpConfig | None = None
    pattern: tuple[str, ...] = Field(
        default=("*",), description="globs such as *.csv, upper or lower case; other files stay"
    )
    done: Annotated[str, Field(pattern=_FOLDER_NAME)] = Field(
        default="done", description="subfolder for files that are stored completely"
    )
    failed: Annotated[str, Field(pattern=_FOLDER_NAME)] = Field(
        default="failed", description="subfolder for files that cannot be read, with the reason"
    )
    settle_s: Annotated[float, Field(ge=0, le=3600)] = Field(
        default=5.0, description="a file is complete when it has not changed for this time"
    )
    poll_s: Annotated[float, Field(gt=0, le=3600)] = Field(
        default=5.0, description="time between two listings of the folder"
    )
    bytes_max: Annotated[int, Field(ge=1_000)] = Field(
        default=4_000_000_000, description="larger files go to `failed`"
    )

    @field_validator("pattern", mode="before")
    @classmethod
    def _to_tuple(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_combination(self) -> Self:
        if (self.folder is None) == (self.sftp is None):
            raise ValueError("set either `folder` or `sftp`")
        if self.done == self.failed:
            raise ValueError("`done` and `failed` must be two folders")
        return self
