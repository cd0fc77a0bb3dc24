"""Signing in at a provider with a browser, and signing out there."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from werknetz.runtime.log import get_logger
from werknetz.texts.sentence import Sentence, sentence_of
from werknetz_core.access.require import SignedInAs, no_key_needed
from werknetz_core.context.app_context import AppContext, ContextDep
from werknetz_core.http.problem import MEDIA_TYPE, Problem, invalid_parameter, problem_response
from werknetz_core.oidc.attempt import (
    ATTEMPT_S,
    ATTEMPTS_MAX,
    NEXT_MAX,
    Attempt,
    attempt_cookies,
    cookie_name,
    is_next_path,
)
from werknetz_core.oidc.errors import (
    BAD_REQUEST,
    TOO_MANY,
    ProviderUnavailable,
    SignInRefused,
    TokenInvalid,
    provider_unavailable,
)
from werknetz_core.oidc.limits import count_request
from werknetz_core.oidc.logout import (
    close_session,
    end_provider_sessions,
    logout_url,
    read_logout_token,
)
from werknetz_core.oidc.pages import refusal_page, signed_in_page
from werknetz_core.oidc.providers import LOGIN, Providers
from werknetz_core.oidc.schemas import LogoutView, ProviderWayView, SignInWaysView
from werknetz_core.oidc.sign_in import SECOND_US, authorization_url, complete_sign_in
from werknetz_core.sessions.cookies import clear_session_cookie, set_session_cookie
from werknetz_core.sessions.endpoints import end_former_session

_log: Final = get_logger("core.oidc")
_PROBLEM: Final[dict[str, Any]] = {
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
}
_PAGE: Final[dict[str, Any]] = {"text/html": {"schema": {"type": "string"}}}
_REFUSED: Final[dict[str, Any]] = {
    "description": "Nobody is signed in; browsers get a page.",
    "content": _PROBLEM["content"] | _PAGE,
}
_REFUSALS: Final[dict[int | str, dict[str, Any]]] = dict.fromkeys(
    (400, 403, 429, 502, 503), _REFUSED
)
_NOT_SET_UP: Final[dict[int | str, dict[str, Any]]] = {
    404: {"description": "No provider is set up.", **_PROBLEM}
}
public = APIRouter(tags=["session"], dependencies=[Depends(no_key_needed)])
callback = APIRouter(tags=["session"], dependencies=[Depends(no_key_needed)])
router = APIRouter(tags=["session"])


@public.get("/session/ways")
async def show_sign_in_ways(request: Request, context: ContextDep) -> SignInWaysView:
    """Show the ways to sign in, for the page that offers them. Needs no key.

    A browser opens `login` of a provider, with `next`, the path of the page to show afterwards.
    """
    root = str(request.scope.get("root_path", ""))
    providers = [] if context.oidc is None else context.oidc.settings.providers
    return SignInWaysView(
        key=True,
        password=True,
        providers=[
            ProviderWayView(
                name=provider.name,
                title=provider.title,
                login=f"{root}{LOGIN}?provider={provider.name}",
            )
            for provider in providers
        ],
    )


@public.get(
    "/session/oidc/login",
    status_code=303,
    response_class=Response,
    responses={303: {"description": "To the provider."}, **_REFUSALS, **_NOT_SET_UP},
)
async def start_sign_in(
    request: Request,
    context: ContextDep,
    next_path: Annotated[str | None, Query(alias="next", max_length=NEXT_MAX)] = None,
    provider: Annotated[str | None, Query(max_length=100)] = None,
) -> Response:
    """Lead a browser to the provider, which leads it back to `next`, a path of this server.

    `provider`: its name, if there are several. Needs no key.
    """
    providers = _providers_of(context)
    if next_path is not None and not is_next_path(next_path):
        raise invalid_parameter("next", Sentence("oidc.next_no_path"), Sentence("oidc.write_path"))
    is_https = providers.settings.is_https
    try:
        await count_request(providers.limits.started, context.redis, _host_of(request))
        chosen = providers.choose(provider)
        attempt = Attempt.start(
            chosen.settings.name,
            next_path or providers.settings.home,
            context.now_us() // SECOND_US,
        )
        url = await authorization_url(providers, chosen, attempt)
    except SignInRefused as error:
        return _refusal(request, providers, error, provider)
    response = RedirectResponse(url, 303)
    earlier = attempt_cookies(request.cookies, is_https=is_https)
    if len(earlier) >= ATTEMPTS_MAX:
        for name in earlier:
            _clear_attempt(response, name, is_https=is_https)
    response.set_cookie(
        cookie_name(attempt.state, is_https=is_https), attempt.to_cookie(), max_age=ATTEMPT_S,
        path="/", secure=is_https, httponly=True, samesite="lax",
    )  # fmt: skip
    return response


@callback.get(
    "/session/oidc/callback",
    response_class=HTMLResponse,
    responses={
        200: {"description": "Signed in; the page leads on.", "content": _PAGE},
        **_REFUSALS,
        **_NOT_SET_UP,
    },
)
async def finish_sign_in(
    request: Request,
    context: ContextDep,
    state: Annotated[str | None, Query(max_length=500)] = None,
    code: Annotated[str | None, Query(max_length=4000)] = None,
    error: Annotated[str | None, Query(max_length=500)] = None,
    iss: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    """Take the provider's answer and open a session. Providers may send more parameters.

    Needs no key, but the cookie of the sign-in that this browser started.
    """
    providers = _providers_of(context)
    values = {"state": state, "code": code, "error": error, "iss": iss}
    answer = {name: value for name, value in values.items() if value is not None}
    is_https = providers.settings.is_https
    response: Response
    try:
        await count_request(providers.limits.answered, context.redis, _host_of(request))
        opened, attempt = await complete_sign_in(context, providers, answer, request.cookies)
    except SignInRefused as refused:
        response = _refusal(request, providers, refused, None)
    else:
        await end_former_session(request, context)
        response = HTMLResponse(signed_in_page(attempt.next_path))
        set_session_cookie(request, response, opened.token)
    name = cookie_name(state or "", is_https=is_https)
    if name in request.cookies and response.status_code != TOO_MANY:  # it counts once
        _clear_attempt(response, name, is_https=is_https)
    return response


@router.post("/session/oidc/logout")
async def sign_out_at_provider(
    request: Request, response: Response, context: ContextDep, principal: SignedInAs
) -> LogoutView:
    """End the session, and return the address that ends it at the provider, too.

    `logout_url` null: no provider opened the session, or it has no such address.
    """
    if principal.signed_in is None:
        raise Problem(
            409,
            "no_session",
            Sentence("access.no_session"),
            Sentence("oidc.send_cookie"),
        )
    async with context.database.write_session() as session:
        closed = await close_session(session, principal, context.now_us())
    context.sessions.forget(closed.token_hash)
    clear_session_cookie(request, response)
    if context.oidc is None or closed.issuer is None:
        return LogoutView(logout_url=None)
    return LogoutView(logout_url=await logout_url(context.oidc, closed.issuer, closed.id_token))


@public.post(
    "/session/oidc/backchannel_logout",
    response_class=Response,
    responses={
        200: {"description": "The sessions have ended."},
        400: {"description": "The token does not pass the checks.", **_PROBLEM},
        429: {"description": "Too many tokens of this address did not.", **_PROBLEM},
        **_NOT_SET_UP,
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {
                    "schema": {
                        "type": "object",
                        "required": ["logout_token"],
                        "properties": {"logout_token": {"type": "string"}},
                    }
                }
            },
        }
    },
)
async def end_sessions_of_provider(request: Request, context: ContextDep) -> Response:
    """End the sessions that a provider names in a signed `logout_token`. Needs no key."""
    providers = _providers_of(context)
    now_us = context.now_us()
    body = await request.body()
    try:
        provider, ended = await read_logout_token(providers, body, now_us // SECOND_US)
    except TokenInvalid as error:
        await _count_refused_token(request, context, providers)
        _log.warning("logout token refused", reason=str(error))
        raise Problem(
            BAD_REQUEST,
            "logout_token_invalid",
            Sentence("oidc.logout_token_refused", error=error),
            Sentence("oidc.correct_issuer"),
        ) from error
    except ProviderUnavailable as error:
        await _count_refused_token(request, context, providers)
        raise _problem_of(provider_unavailable("Logout", error)) from error
    async with context.database.write_session() as session:
        token_hashes = await end_provider_sessions(session, provider, ended, now_us)
    for token_hash in token_hashes:
        context.sessions.forget(token_hash)
    return Response(status_code=200)


async def _count_refused_token(request: Request, context: AppContext, providers: Providers) -> None:
    try:
        await count_request(providers.limits.refused, context.redis, _host_of(request))
    except SignInRefused as refused:
        raise _problem_of(refused) from refused


def _host_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _providers_of(context: AppContext) -> Providers:
    if context.oidc is None:
        raise Problem(
            404,
            "oidc_not_set_up",
            Sentence("oidc.not_set_up"),
            Sentence("oidc.sign_in_with_account"),
        )
    return context.oidc


def _refusal(
    request: Request, providers: Providers, refused: SignInRefused, provider: str | None
) -> Response:
    """Answer a browser with a page, a program with a problem document; log the cause."""
    _log.warning("sign-in refused", code=refused.code, cause=refused.cause)
    problem = _problem_of(refused)
    if "text/html" not in request.headers.get("accept", ""):
        return problem_response(request, problem)
    again = provider if provider in providers.connections else None
    root = providers.settings.home.rstrip("/")
    page = refusal_page(problem, str(request.scope.get("trace_id", "")), root, again)
    return HTMLResponse(page, refused.status, problem.headers)


def _problem_of(refused: SignInRefused) -> Problem:
    headers = {} if refused.wait_s is None else {"Retry-After": str(refused.wait_s)}
    return Problem(
        refused.status, refused.code, sentence_of(refused), refused.remedy, headers=headers
    )


def _clear_attempt(response: Response, name: str, *, is_https: bool) -> None:
    response.delete_cookie(name, path="/", secure=is_https, httponly=True, samesite="lax")
