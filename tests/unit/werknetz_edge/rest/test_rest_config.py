import ipaddress
from typing import Any

import pytest
from pydantic import ValidationError

from werknetz_edge.rest.address import Rules
from werknetz_edge.rest.config import RestConfig
from werknetz_edge.rest.memory import Bookmark, Bookmarks

ENDPOINT = {"path": "/orders"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "ftp://x"}, "url must read"),
        ({"url": "https://user:secret@x"}, "without user"),
        ({"endpoints": {}}, "at least 1"),
        (
            {"endpoints": {"o": {"path": "/o", "parameters": {"s": "{cursor}"}}}},
            "needs `changed_at`",
        ),
        (
            {"endpoints": {"o": {**ENDPOINT, "snapshot": True, "changed_at": {"path": "t"}}}},
            "exclude each other",
        ),
        ({"endpoints": {"o": {**ENDPOINT, "as": "readings"}}}, "go together"),
        ({"allow": ["10.0.0.1/8"]}, "host bits"),
        ({"auth": {"method": "key", "secret": {"file": "a", "env": "B"}}}, "one of them"),
        ({"auth": {"method": "magic"}}, "magic"),
    ],
)
def test_errors_say_what_to_do(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        RestConfig.model_validate(
            {"url": "https://erp.example", "endpoints": {"o": ENDPOINT}, **options}
        )


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("127.0.0.1", "itself"),
        ("::1", "itself"),
        ("::ffff:127.0.0.1", "itself"),
        ("169.254.169.254", "metadata"),
        ("fe80::1", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("0.0.0.0", "no host"),
        ("224.0.0.1", "no host"),
        ("10.1.2.3", ""),
        ("192.168.1.7", ""),
        ("93.184.216.34", ""),
        ("fd12::7", ""),
    ],
)
def test_addresses(address: str, word: str) -> None:
    reason = Rules.of(()).forbids(ipaddress.ip_address(address))
    assert (word in reason) if word else not reason
    network = str(ipaddress.ip_network(address.removeprefix("::ffff:")))
    assert not Rules.of((network,)).forbids(ipaddress.ip_address(address))


def test_a_damaged_bookmark_file_is_none(tmp_path: Any) -> None:
    bookmarks = Bookmarks(tmp_path / "a" / "erp.rest.json")
    bookmarks.load()
    assert bookmarks.of("orders") == Bookmark()
    bookmarks.keep("orders", Bookmark(7, "u", "e", "m"))
    again = Bookmarks(bookmarks.path)
    again.load()
    assert again.of("orders") == Bookmark(7, "u", "e", "m")
    for text in ("", "[]", '{"orders": {}}', '{"orders": 7}'):
        bookmarks.path.write_text(text)
        again.load()
        assert again.of("orders") == Bookmark()
