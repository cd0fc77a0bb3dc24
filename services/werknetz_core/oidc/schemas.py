"""Ways to sign in and out as the API shows them."""

from pydantic import BaseModel


class ProviderWayView(BaseModel):
    name: str
    title: str
    login: str  # the path that a browser opens


class SignInWaysView(BaseModel):
    key: bool
    password: bool
    providers: list[ProviderWayView]


class LogoutView(BaseModel):
    logout_url: str | None  # the browser opens it to end the session at the provider, too
