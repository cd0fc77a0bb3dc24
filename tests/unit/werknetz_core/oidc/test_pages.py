"""The pages on the way back from the provider: nothing of a request becomes markup."""

from werknetz_core.http.problem import Problem
from werknetz_core.oidc.pages import refusal_page, signed_in_page


def test_page_leads_on_to_the_path() -> None:
    page = signed_in_page("/a?b=\"><script>&c='")
    assert "<script>" not in page
    assert 'content="0;url=/a?b=&quot;&gt;&lt;script&gt;&amp;c=&#x27;"' in page


def test_refusal_has_reason_and_remedy() -> None:
    problem = Problem(403, "no_group", "'<b>' is in no group.", "Ask & wait.")
    page = refusal_page(problem, "t1", "/root", "company")
    assert "&#x27;&lt;b&gt;&#x27; is in no group." in page
    assert "Ask &amp; wait." in page
    assert 'href="/root/api/v1/session/oidc/login?provider=company"' in page
    assert "no_group, t1" in page
    assert 'href="/api/v1/session/oidc/login"' in refusal_page(problem, "", "", None)
