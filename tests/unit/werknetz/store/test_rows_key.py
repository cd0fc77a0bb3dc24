"""The rows key: read strictly, never shown, and its signature is that of the stored pads."""

import hashlib
from pathlib import Path

import pytest

from werknetz.runtime.settings import SettingError
from werknetz.store.access.caller import CallerSession
from werknetz.store.access.rows_key import RowsKey

TEXT = "0123456789abcdef" * 4


def test_a_key_is_64_hexadecimal_digits(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{TEXT}\n")
    assert RowsKey.from_file(tmp_path / "key").text == TEXT
    assert RowsKey.from_environment({"WERKNETZ_ROWS_KEY": TEXT}) == RowsKey.parse(TEXT)
    assert RowsKey.from_environment({}) is None
    assert RowsKey.generate() != RowsKey.generate()


@pytest.mark.parametrize("text", ["", TEXT[1:], f"{TEXT}0", TEXT.upper(), "g" + TEXT[1:], "secret"])
def test_another_text_is_refused_without_showing_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(text)
    for read in (lambda: RowsKey.parse(text), lambda: RowsKey.from_file(tmp_path / "key")):
        with pytest.raises(SettingError, match="openssl rand -hex 32") as refused:
            read()
        assert not text or text not in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="missing cannot be read"):
        RowsKey.from_file(tmp_path / "missing")


def test_a_signature_is_that_of_the_stored_pads() -> None:
    """As PostgreSQL computes it: RFC 2104 with blocks of 64 bytes."""
    key = RowsKey.parse(TEXT)
    inner, outer = key.pads
    assert (len(inner), len(outer)) == (64, 64)
    value = key.sign(7, 2, 1_800_000_000, '["nordwerk/emden-1"]')
    version, signature, message = value.split(" ", 2)
    assert (version, message) == ("v2", '7 2 1800000000 ["nordwerk/emden-1"]')
    assert (
        signature
        == hashlib.sha256(outer + hashlib.sha256(inner + message.encode()).digest()).hexdigest()
    )
    assert TEXT not in f"{key!r} {key.fingerprint} {value}"


def test_each_value_of_a_connection_has_a_higher_serial_number() -> None:
    session = CallerSession(RowsKey.parse(TEXT), 7, 0)
    serials = [session.next_value("*").split(" ")[3] for _ in range(3)]
    assert serials == ["2", "3", "4"]
    assert CallerSession(None, None, 0).next_value("*") == "*"  # of the owner
