import ipaddress
from typing import Any

import pytest
from pydantic import ValidationError

from werknetz_edge.rest.address import AddressRules
from werknetz_edge.rest.bookmarks import Bookmark, BookmarkFile
from werknetz_edge.rest.config import RestConfig

ENDPOINT = {"path": "/orders"}


@pytest.mark.parametrize(
    ("options", "message"),
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
        (
            {"auth": {"method": "key", "secret": {"file": "a", "env": "B"}}},
            "set either `file` or `env`",
        ),
        ({"auth": {"method": "magic"}}, "magic"),
    ],
)
def test_errors_name_the_remedy(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        RestConfig.model_validate(
            {"url": "https://erp.example", "endpoints": {"o": ENDPOINT}, **options}
        )


@pytest.mark.parametrize(
    ("address", "reason_part"),
    [
        ("127.0.0.1", "itself"),
        ("::1", "itself"),
        ("::ffff:127.0.0.1", "itself"),
        ("169.254.169.254", "metadata"),
        ("fe80::1", "metadata"),
        ("fd00:ec2::254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("0.0.0.0", "not the address"),
        ("224.0.0.1", "not the address"),
        ("10.1.2.3", ""),
        ("192.168.1.7", ""),
        ("93.184.216.34", ""),
        ("fd12::7", ""),
    ],
)
def test_forbidden_addresses(address: str, reason_part: str) -> None:
    reason = AddressRules.from_networks(()).forbidden_reason(ipaddress.ip_address(address))
    assert (reason_part in reason) if reason_part else not reason
    network = str(ipaddress.ip_network(address.removeprefix("::ffff:")))
    assert not AddressRules.from_networks((network,)).forbidden_reason(
        ipaddress.ip_address(address)
    )


def test_a_damaged_bookmark_file_counts_as_missing(tmp_path: Any) -> None:
    bookmarks = BookmarkFile(tmp_path / "a" / "erp.rest.json")
    bookmarks.load()
    assert bookmarks.get("orders") == Bookmark()
    bookmarks.save("orders", Bookmark(7, "u", "e", "m"))
    reloaded = BookmarkFile(bookmarks.path)
    reloaded.load()
    assert reloaded.get("orders") == Bookmark(7, "u", "e", "m")
    for text in ("", "[]", '{"orders": {}}', '{"orders": 7}'):
        bookmarks.path.write_text(text)
        reloaded.load()
        assert reloaded.get("orders") == Bookmark()
