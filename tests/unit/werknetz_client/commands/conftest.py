"""Commands run against an API that gives one answer and records what was requested."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner, Result

from werknetz_client import Client
from werknetz_client.cli import root
from werknetz_client.commands import (
    connectors,
    kpi,
    losses,
    mapping,
    quarantine,
    stock,
    supply,
)
from werknetz_client.commands.performance import losses as loss_ranking
from werknetz_client.commands.performance import targets

Requests = list[httpx2.URL]
Serve = Callable[[Any], Requests]
Run = Callable[..., Result]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Return a function that sets the answer (a JSON body, or CSV pages) of every route."""

    def serve_answer(body: Any) -> Requests:
        requests: Requests = []

        def answer(request: httpx2.Request) -> httpx2.Response:
            requests.append(request.url)
            if request.url.params.get("format") == "csv":
                return _csv_page(body, request.url)
            return httpx2.Response(200, json=body)

        transport = httpx2.MockTransport(answer)
        for module in (
            connectors, kpi, losses, mapping, quarantine, stock, supply, loss_ranking, targets,
        ):  # fmt: skip
            monkeypatch.setattr(
                module, "Client", lambda: Client("http://core", "k", transport=transport)
            )
        return requests

    return serve_answer


def _csv_page(pages: list[str], url: httpx2.URL) -> httpx2.Response:
    number = int(url.params.get("cursor", "0"))
    is_last = number + 1 == len(pages)
    link = {} if is_last else {"Link": f'<{url.copy_set_param("cursor", number + 1)}>; rel="next"'}
    return httpx2.Response(200, text=pages[number], headers=link)


@pytest.fixture
def run() -> Run:
    """Return a function that runs `werknetz WORD …` and demands success."""

    def run_command(*words: str) -> Result:
        result = CliRunner().invoke(root(words[0]), [*words])
        assert result.exit_code == 0, (result.output, result.exception)
        return result

    return run_command
