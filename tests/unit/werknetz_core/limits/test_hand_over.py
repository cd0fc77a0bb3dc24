"""What a request looks like that is handed over to the wide process."""

import httpx2

from werknetz_core.limits.wide_process.forwarding import request_handed_over

SCOPE = {
    "type": "http", "method": "POST", "scheme": "https", "root_path": "", "client": ("10.1.2.3", 1),
    "raw_path": b"/api/v1/kpi_values:query", "query_string": b"a=1", "trace_id": "a" * 32,
    "headers": [
        (b"host", b"core.example"), (b"cookie", b"__Host-wn_session=x"),
        (b"origin", b"https://core.example"), (b"content-length", b"99"),
        (b"connection", b"close"), (b"traceparent", b"00-b-c-01"),
    ],
}  # fmt: skip


def test_it_has_the_host_that_was_called_and_the_headers_of_the_client() -> None:
    """Where a browser sends no Sec-Fetch-Site, a session is checked by Origin and Host."""
    request = request_handed_over(httpx2.AsyncClient(), SCOPE, b"{}", is_charged=True)
    headers = request.headers
    assert headers.get_list("host") == ["core.example"]
    assert headers["origin"] == "https://core.example"
    assert headers["cookie"] == "__Host-wn_session=x"
    assert headers["content-length"] == "2"
    assert headers.get_list("traceparent")[0].startswith("00-" + "a" * 32)
    assert request.url.raw_path == b"/api/v1/kpi_values:query?a=1"
