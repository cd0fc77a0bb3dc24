"""How the core serves the page: at each address that no route has, and only there."""

import gzip
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from werknetz_core.app import create_app
from werknetz_core.dashboard import endpoints, files
from werknetz_core.settings import CoreSettings

PAGE = b"<!doctype html><title>Werknetz</title>"
SCRIPT = b"console.log(1);" * 200
SECRET = "what no client may read"
BROWSER = {"Accept": "text/html,*/*"}


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """Return a client of an API with a small build; no database is asked."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "icon.svg").write_bytes(b"<svg/>")
    (tmp_path / "assets" / "index-1.js").write_bytes(SCRIPT)
    (tmp_path.parent / "secret.js").write_text(SECRET)
    monkeypatch.setattr(files.page_file, "__defaults__", (tmp_path,))
    return TestClient(create_app(CoreSettings("postgresql://nowhere")))


@pytest.mark.parametrize("path", ["/", "/machine/nordwerk/emden-1", "/nonsense", "/apiary"])
def test_the_page_is_at_each_address_without_a_route(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert (answer.status_code, answer.content) == (200, PAGE)
    assert answer.headers["cache-control"] == "no-cache"
    assert "font-src 'self'" in answer.headers["content-security-policy"]
    again = client.get(path, headers=BROWSER | {"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == endpoints.PAGE_POLICY


@pytest.mark.parametrize(
    "path", ["/api", "/api/v1/nonsense", "/docs/nonsense", "/assets/nonsense", "/assets/a/b"]
)
def test_unknown_routes_of_others_are_no_page(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_unknown_routes_are_unknown_to_each_method(client: TestClient) -> None:
    assert client.post("/api/v1/nonsense").status_code == 404


@pytest.mark.parametrize(
    "path", ["/assets/..%2f..%2fsecret.js", "/assets/..%2fsecret.js", "/assets/%00", "/assets/."]
)
def test_no_file_outside_the_build_is_served(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code in {404, 422}
    assert SECRET not in answer.text


def test_assets_are_stored_for_ever_and_compressed_where_accepted(client: TestClient) -> None:
    plain = client.get("/assets/index-1.js", headers={"Accept-Encoding": "identity"})
    assert plain.content == SCRIPT
    assert "content-encoding" not in plain.headers
    assert plain.headers["cache-control"] == endpoints.FOR_EVER
    packed = client.get("/assets/index-1.js", headers={"Accept-Encoding": "br, gzip;q=0.8"})
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == SCRIPT  # the client unpacks it
    assert int(packed.headers["content-length"]) < len(SCRIPT) / 10
    assert client.get("/icon.svg").headers["content-type"] == "image/svg+xml"


def test_without_a_build_the_page_names_the_command(client: TestClient, tmp_path: Path) -> None:
    (tmp_path / "index.html").unlink()
    answer = client.get("/", headers=BROWSER)
    assert answer.status_code == 503
    assert b"make dashboard" in answer.content
    (tmp_path / "index.html").write_bytes(b"new")  # no restart is needed
    assert client.get("/", headers=BROWSER).content == b"new"


def test_files_are_compressed_from_a_kilobyte_on(tmp_path: Path) -> None:
    for size, is_compressed in ((1023, False), (1024, True)):
        (tmp_path / f"{size}.js").write_bytes(b"x" * size)
        file = files.page_file(f"{size}.js", tmp_path)
        assert file is not None
        assert (file.compressed is not None) is is_compressed
        assert file.compressed is None or gzip.decompress(file.compressed) == file.content
    (tmp_path / "font.woff2").write_bytes(b"x" * 5000)
    font = files.page_file("font.woff2", tmp_path)
    assert font is not None
    assert (font.compressed, font.media_type) == (None, "font/woff2")
