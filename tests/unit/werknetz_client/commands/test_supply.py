"""`werknetz supply`, and the output of every list: table, JSON, the API's CSV."""

import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from fcntl import ioctl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx2
import pytest
from typer.testing import Result

from werknetz_client import Client
from werknetz_client.commands.output import printable

Serve = Callable[[Any], list[httpx2.URL]]
Run = Callable[..., Result]
DUE = {
    "supplier": "kirchhoff", "material": "M[1]", "site": "emden", "document": "C-7",
    "due_from": "2026-11-20T06:00:00Z", "window_until": "2026-11-20T12:00:00Z", "quantity": 1200.0,
    "open_quantity": 30.5, "late": True, "delay_s": 5400.0, "event_ids": ["e1"],
}  # fmt: skip


def page(*items: Any) -> dict[str, Any]:
    return {"items": list(items), "next_cursor": None}


def test_a_list_is_a_table(serve: Serve, run: Run) -> None:
    requests = serve(page(DUE))
    output = run("supply", "due-lines", "--late", "--supplier", "alfa", "--supplier", "77").stdout
    assert requests[0].path == "/api/v1/due_lines"
    assert requests[0].params.get_list("supplier") == ["alfa", "77"]
    assert requests[0].params["late"] == "true"
    for cell in ("M[1]", "2026-11-20 12:00", "1,200", "30.5", "yes", "1.5 h"):
        assert cell in output, cell


def test_a_row_is_one_line_in_a_pipe(serve: Serve, run: Run) -> None:
    serve(page({**DUE, "document": "C-" + 120 * "7"}))
    lines = run("supply", "due-lines").stdout.splitlines()
    [row] = [line for line in lines if "kirchhoff" in line]
    assert 120 * "7" in row
    assert "1.5 h" in row


def test_json_is_the_items_of_the_api(serve: Serve, run: Run) -> None:
    serve(page(DUE))
    assert json.loads(run("supply", "due-lines", "-o", "json").stdout) == [DUE]


def test_csv_is_the_csv_of_the_api(serve: Serve, run: Run) -> None:
    """Byte for byte, with one header line over all pages."""
    requests = serve(['a,b\r\n1,"x\r\ny"\r\n', "a,b\r\n2,\u00e9\r\n"])
    output = run("supply", "due-lines", "--limit", "1500", "-o", "csv").stdout_bytes
    assert output == 'a,b\r\n1,"x\r\ny"\r\n2,\u00e9\r\n'.encode()
    assert [url.params["limit"] for url in requests] == ["1000", "500"]


def test_csv_ends_at_the_limit(serve: Serve, run: Run) -> None:
    requests = serve(["a\r\n1\r\n", "a\r\n2\r\n"])
    assert run("supply", "due-lines", "--limit", "1", "-o", "csv").stdout_bytes == b"a\r\n1\r\n"
    assert len(requests) == 1


@pytest.mark.parametrize(("items", "is_more"), [(2, False), (3, True)])
def test_more_items_than_the_limit_are_announced(
    serve: Serve, run: Run, items: int, is_more: bool
) -> None:
    serve(page(*[DUE] * items))
    result = run("supply", "due-lines", "--limit", "2")
    assert result.stdout.count("kirchhoff") == 2
    assert ("more than 2" in result.stderr) is is_more


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\x1b[31mb", "a\\x1b[31mb"), ("a\u202eb", "a\\u202eb"), ("a\tb", "a b"),
     ("a\r\nb", "a\\r\\nb"), ("\x9b2J", "\\x9b2J"), ("Größe 5 µm [x]", "Größe 5 µm [x]")],
)  # fmt: skip
def test_control_characters_are_shown_as_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_no_escape_sequence_of_a_partner_reaches_the_output(serve: Serve, run: Run) -> None:
    serve(page({**DUE, "document": "C\x1b]0;title\x07[red]7"}))
    for output in ("table", "json"):
        stdout = run("supply", "due-lines", "-o", output).stdout
        assert "\x1b]" not in stdout
        assert "\x07" not in stdout
        assert "[red]7" in stdout


class _Api(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps(page({**DUE, "document": "LAB-5041720-20773"})).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing beside the test's own output."""


@pytest.mark.parametrize(("width", "wide"), [(80, False), (80, True), (200, False)])
def test_a_table_fits_the_terminal_without_cut_cells(width: int, wide: bool) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Api)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        output = _terminal_output(
            width, server.server_port, "due-lines", *(["--wide"] if wide else [])
        )
    finally:
        server.shutdown()
        server.server_close()
    lines = re.sub(r"\x1b\[[0-9;]*m", "", output).splitlines()  # without bold headings
    assert "…" not in output
    assert "30.5" in output
    if width == 80 and not wide:
        assert max(map(len, lines)) <= 80
        assert "--wide shows all" in output
    else:
        assert "LAB-5041720-20773" in output


def _terminal_output(width: int, port: int, *words: str) -> str:
    """Return what the command writes to a terminal of that width."""
    primary, secondary = pty.openpty()
    ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    environment = {name: text for name, text in os.environ.items() if name != "COLUMNS"}
    process = subprocess.Popen(
        [sys.executable, "-m", "werknetz_client.cli", "supply", *words],
        stdin=secondary, stdout=secondary, stderr=secondary,
        env=environment | {"WERKNETZ_URL": f"http://127.0.0.1:{port}", "WERKNETZ_API_KEY": "k"},
    )  # fmt: skip
    os.close(secondary)
    pieces: list[bytes] = []
    try:
        while piece := os.read(primary, 65536):
            pieces.append(piece)
    except OSError:  # Linux reports the closed other end as EIO
        pass
    finally:
        os.close(primary)
    assert process.wait(60) == 0, b"".join(pieces)
    return b"".join(pieces).decode()


@pytest.mark.parametrize(
    ("command", "collection"),
    [("suppliers", "suppliers"), ("call-offs", "call_offs"), ("shipments", "shipments"),
     ("findings", "findings"), ("cumulatives", "cumulatives")],
)  # fmt: skip
def test_every_command_has_its_collection(
    serve: Serve, run: Run, command: str, collection: str
) -> None:
    requests = serve(page({}))
    assert "–" in run("supply", command).stdout
    assert requests[0].path == f"/api/v1/{collection}"
    assert ("open" in requests[0].params) is (command == "findings")


def test_master_data_is_set_by_put() -> None:
    requests: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        requests.append(request)
        return httpx2.Response(200, json={"number": "K 1/7"})

    with Client("http://core", "k", transport=httpx2.MockTransport(answer)) as client:
        assert client.materials.put("K 1/7", {"unit": "PCE"}) == {"number": "K 1/7"}
    assert (requests[0].method, requests[0].url.raw_path) == ("PUT", b"/api/v1/materials/K%201/7")
