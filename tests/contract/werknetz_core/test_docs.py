"""The page at /docs works without internet access, under the Content-Security-Policy."""

import re

import pytest
from fastapi.testclient import TestClient

from werknetz_core.app import create_app
from werknetz_core.docs import endpoints as docs
from werknetz_core.settings import CoreSettings

INLINE_CODE = re.compile(r"<script(?![^>]*src)|<style|\bon[a-z]+=|\bstyle=")
OTHER_HOST = re.compile(r"(https?:)?//[a-z0-9.-]+\.[a-z]{2,}")


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(CoreSettings("postgresql://nowhere")))


def test_the_page_has_no_inline_code_and_names_no_other_host(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert not INLINE_CODE.search(page.text)
    for text in (page.text, client.get("/docs/init.js").text):
        assert not OTHER_HOST.search(text)


def test_every_file_of_the_page_exists(client: TestClient) -> None:
    names = re.findall(r'(?:src|href)="(docs/[^"]+)"', client.get("/docs").text)
    assert {name.removeprefix("docs/") for name in names} == docs.ASSETS
    for name in names:
        assert len(client.get(f"/{name}").content) > 100


def test_the_style_sheet_loads_nothing(client: TestClient) -> None:
    style = client.get("/docs/swagger-ui.css").text
    assert "@import" not in style
    urls = re.findall(r"url\(\s*[\"']?([^)\"']{0,40})", style)
    assert urls
    assert all(url.startswith("data:") for url in urls)


def test_swagger_ui_does_not_send_the_document_to_the_online_validator(client: TestClient) -> None:
    assert "validatorUrl: null" in client.get("/docs/init.js").text


def test_only_the_page_may_show_data_images(client: TestClient) -> None:
    policy = client.get("/docs").headers["content-security-policy"]
    assert "img-src 'self' data:;" in policy
    assert "unsafe" not in policy
    assert "data:" not in client.get("/openapi.json").headers["content-security-policy"]


def test_an_unchanged_file_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/docs/swagger-ui.css")
    assert first.headers["cache-control"] == "no-cache"
    second = client.get("/docs/swagger-ui.css", headers={"If-None-Match": first.headers["etag"]})
    assert (second.status_code, second.content) == (304, b"")


@pytest.mark.parametrize("name", ["nothing.js", "redoc.standalone.js", "..%2fapp.py"])
def test_an_unknown_file_is_a_problem_document(client: TestClient, name: str) -> None:
    response = client.get(f"/docs/{name}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
