"""Settings of signing in with OpenID Connect, from one TOML file.

The file has no secret: it names the file or the environment variable that has it.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from werknetz.runtime.environment import PREFIX
from werknetz.runtime.http_server.address import is_loopback
from werknetz.runtime.settings import SettingError, read_env
from werknetz_core.access.permissions import KeyRole

CONFIG: Final = "WERKNETZ_OIDC_CONFIG"
SECRET: Final = "WERKNETZ_OIDC_CLIENT_SECRET"  # noqa: S105 - the name of a variable
FILE_BYTES_MAX: Final = 1_000_000
# Signatures with a key pair: neither a shared secret (HS256) nor `none`.
Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"
]  # fmt: skip


def is_secure_url(text: str) -> bool:
    """Whether it is https, or http to this machine: nothing else may carry codes and tokens."""
    try:
        url = urlsplit(text)
        host = url.hostname
        _ = url.port  # raises if it is no number
    except ValueError:
        return False
    if not host or url.username is not None or url.password is not None:
        return False
    return url.scheme == "https" or (url.scheme == "http" and _is_this_machine(host))


def _is_this_machine(host: str) -> bool:
    return host == "localhost" or is_loopback(host)


def _check_url(text: str) -> str:
    if not is_secure_url(text):
        raise ValueError("write an https:// address; http:// only for this machine (127.0.0.1)")
    if urlsplit(text).fragment or not text.isascii() or any(c.isspace() for c in text):
        raise ValueError("write an address in ASCII without # and blanks")
    return text


def _check_base_url(text: str) -> str:
    if urlsplit(_check_url(text)).query:
        raise ValueError("write an address without ?")
    return text


def _check_plant(path: str) -> str:
    if not path or path.startswith("/") or path.endswith("/"):
        raise ValueError("write the path of a plant, such as nordwerk/emden-1")
    return path


def _check_variable(name: str) -> str:
    if not name.isidentifier() or (name.startswith(PREFIX) and name != SECRET):
        raise ValueError(f"write {SECRET}, or another name that does not begin with {PREFIX}")
    return name


Url = Annotated[str, Field(max_length=2000), AfterValidator(_check_url)]
BaseUrl = Annotated[str, Field(max_length=2000), AfterValidator(_check_base_url)]
Plant = Annotated[str, Field(max_length=500), AfterValidator(_check_plant)]
Text = Annotated[str, Field(min_length=1, max_length=500)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GroupRule(_Settings):
    """People of the group have the role in these plants."""

    group: Text  # exactly as the provider sends it
    role: KeyRole
    plants: Literal["all"] | Annotated[tuple[Plant, ...], Field(min_length=1)]


class ProviderSettings(_Settings):
    """One provider: Keycloak, Entra ID, Authentik or any other with discovery."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")] = "company"
    title: Text = "Company account"  # on the sign-in page
    issuer: BaseUrl  # exactly as the provider's discovery document says
    client_id: Text
    client_secret_file: Path | None = None  # relative to the TOML file
    client_secret_env: Annotated[str, AfterValidator(_check_variable)] | None = None
    client_auth: Literal["basic", "post"] = "basic"  # how the secret is sent
    scopes: tuple[Text, ...] = ("openid", "profile", "email")
    groups_claim: Text | Annotated[tuple[Text, ...], Field(min_length=1)] = "groups"
    name_claim: Text = "preferred_username"  # of the user name here
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("RS256", "PS256", "ES256")
    trusted_audiences: tuple[Text, ...] = ()  # that may stand in a token beside the client id
    ca_file: Path | None = None  # of the company's CA; relative to the TOML file
    post_logout_url: Url | None = None  # default: public_url
    groups: Annotated[tuple[GroupRule, ...], Field(min_length=1)]
    client_secret: Annotated[str | None, Field(repr=False, exclude=True)] = None  # loaded

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.client_secret_file is not None and self.client_secret_env is not None:
            raise ValueError("set client_secret_file or client_secret_env, not both")
        if "openid" not in self.scopes:
            raise ValueError("scopes must contain openid")
        return self

    @property
    def groups_path(self) -> tuple[str, ...]:
        """The names that lead to the groups: Keycloak nests roles in `realm_access`."""
        claim = self.groups_claim
        return (claim,) if isinstance(claim, str) else claim


class OidcSettings(_Settings):
    """Where browsers find this server, and who signs people in."""

    public_url: BaseUrl  # with the root path, if there is one
    providers: Annotated[tuple[ProviderSettings, ...], Field(min_length=1, max_length=8)]
    # Sign-ins that one address starts, as many answers, and as many wrong logout tokens; 0: any.
    requests_per_min: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 60.0

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [provider.name for provider in self.providers]
        if len(set(names)) != len(names):
            raise ValueError("two providers have the same name: give each a `name` of its own")
        issuers = [(provider.issuer, provider.client_id) for provider in self.providers]
        if len(set(issuers)) != len(issuers):
            raise ValueError("two providers have the same issuer and client_id: remove one")
        return self

    @property
    def base_url(self) -> str:
        return self.public_url.rstrip("/")

    @property
    def home(self) -> str:
        """The path of the page that people see after signing in."""
        return urlsplit(self.base_url).path + "/"

    @property
    def is_https(self) -> bool:
        return urlsplit(self.public_url).scheme == "https"

    def find(self, name: str) -> ProviderSettings | None:
        return next((provider for provider in self.providers if provider.name == name), None)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self | None:
        """Read the file that WERKNETZ_OIDC_CONFIG names; None: nobody signs in at a provider."""
        path = read_env(CONFIG, environment)
        return None if path is None else cls.load(Path(path), environment)

    @classmethod
    def load(cls, file: Path, environment: Mapping[str, str] | None = None) -> Self:
        """Read settings and secrets; SettingError names what to correct."""
        document = _read_toml(file)
        providers = document.get("providers")
        for provider in providers if isinstance(providers, list) else ():
            if isinstance(provider, dict) and "client_secret" in provider:
                raise SettingError(
                    f"{file}: client_secret does not belong into this file: write it into a file "
                    "of its own (mode 0600) and name that with client_secret_file"
                )
        try:
            settings = cls.model_validate(document)
        except ValidationError as error:
            raise SettingError(f"{file}: {_describe(error)}") from error
        providers = [_with_secret(provider, file, environment) for provider in settings.providers]
        return settings.model_copy(update={"providers": tuple(providers)})


def _read_toml(file: Path) -> dict[str, object]:
    try:
        with file.open("rb") as stream:
            content = stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise SettingError(f"{CONFIG} names {file}: {error.strerror}") from error
    if len(content) > FILE_BYTES_MAX:
        raise SettingError(f"{file} has more than 1 MB: {CONFIG} must name the TOML file")
    try:
        return tomllib.loads(content.decode())
    except ValueError as error:
        raise SettingError(f"{file} is no TOML file: {error}") from error


def _describe(error: ValidationError) -> str:
    """Return one mistake with its place, without the value: it may be a secret.

    The deepest says most: of `plants` it is about the path, not that it could be "all".
    """
    mistakes = error.errors(include_input=False, include_url=False)
    mistake = max(mistakes, key=lambda item: len(item["loc"]))
    place = ".".join(str(part) for part in mistake["loc"])
    message = mistake["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def _with_secret(
    provider: ProviderSettings, file: Path, environment: Mapping[str, str] | None
) -> ProviderSettings:
    update: dict[str, object] = {}
    if provider.ca_file is not None:
        update["ca_file"] = ca_file = file.parent / provider.ca_file
        if not ca_file.is_file():
            raise SettingError(f"{file}: ca_file names {ca_file}, which is no file")
    if provider.client_secret_file is not None:
        update["client_secret"] = _read_secret(file.parent / provider.client_secret_file)
    elif provider.client_secret_env is not None:
        secret = read_env(provider.client_secret_env, environment)
        if secret is None:
            raise SettingError(
                f"{file}: client_secret_env names {provider.client_secret_env}, which is not set"
            )
        update["client_secret"] = secret
    return provider.model_copy(update=update)


def _read_secret(file: Path) -> str:
    try:
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no UTF-8 text"
        raise SettingError(f"client_secret_file names {file}: {reason}") from error
    if not secret:
        raise SettingError(f"{file} is empty: write the client's secret into it")
    return secret
