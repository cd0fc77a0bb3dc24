"""The discovery document of a provider, and what this server requires of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from werknetz_core.oidc.errors import ProviderUnavailable
from werknetz_core.oidc.settings import ProviderSettings, is_secure_url

WELL_KNOWN: Final = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """`names_issuer`: the provider sends `iss` to the callback (RFC 9207)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    names_issuer: bool

    @classmethod
    def of(cls, document: Mapping[str, Any], settings: ProviderSettings) -> Self:
        """Return what is needed; ProviderUnavailable names what the document lacks."""
        issuer = document.get("issuer")
        if issuer != settings.issuer:
            raise ProviderUnavailable(
                f"the discovery document is of the issuer {issuer!r}, the settings name "
                f"{settings.issuer!r}: write it exactly as the provider does"
            )
        methods = document.get("code_challenge_methods_supported")
        if isinstance(methods, list) and "S256" not in methods:
            raise ProviderUnavailable("the provider does not support PKCE with S256: allow it")
        types = document.get("response_types_supported")
        if isinstance(types, list) and "code" not in types:
            raise ProviderUnavailable("the provider does not support the response type code")
        return cls(
            _endpoint(document, "authorization_endpoint"),
            _endpoint(document, "token_endpoint"),
            _endpoint(document, "jwks_uri"),
            _optional_endpoint(document, "userinfo_endpoint"),
            _optional_endpoint(document, "end_session_endpoint"),
            document.get("authorization_response_iss_parameter_supported") is True,
        )


def _optional_endpoint(document: Mapping[str, Any], name: str) -> str | None:
    return None if document.get(name) is None else _endpoint(document, name)


def _endpoint(document: Mapping[str, Any], name: str) -> str:
    url = document.get(name)
    if not isinstance(url, str) or not is_secure_url(url):
        raise ProviderUnavailable(f"{name} of the discovery document is no https address")
    return url
