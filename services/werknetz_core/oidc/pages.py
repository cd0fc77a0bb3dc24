"""The pages that a person sees on the way back from the provider; without scripts and styles."""

from html import escape
from urllib.parse import quote

from werknetz.texts.sentence import write_text
from werknetz_core.http.problem import Problem
from werknetz_core.oidc.providers import LOGIN

MEDIA_TYPE = "text/html; charset=utf-8"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">{head}</head>
<body><main><h1>{title}</h1>
{body}
</main></body></html>
"""


def signed_in_page(next_path: str) -> str:
    """Return the page that leads on to `next_path`.

    A redirect would not do: the browser comes from another site, so it would not send the new
    cookie, which is SameSite=Strict. A page of this server that leads on is no other site.
    """
    path = escape(next_path, quote=True)
    return _PAGE.format(
        title="Signed in",
        head=f'<meta http-equiv="refresh" content="0;url={path}">',
        body=f'<p><a href="{path}">Continue</a></p>',
    )


def refusal_page(problem: Problem, trace_id: str, root: str, provider: str | None) -> str:
    """Return the page that says why nobody is signed in, and what to do."""
    query = "" if provider is None else f"?provider={quote(provider)}"
    again = escape(f"{root}{LOGIN}{query}", quote=True)
    return _PAGE.format(
        title="Not signed in",
        head="",
        body=f"<p>{escape(write_text(problem.detail))}</p>\n<p>{escape(write_text(problem.hint))}</p>\n"
        f'<p><a href="{again}">Sign in again</a></p>\n'
        f"<p><small>{escape(problem.code)}, {escape(trace_id)}</small></p>",
    )
