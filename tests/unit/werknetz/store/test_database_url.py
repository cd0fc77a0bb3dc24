from pathlib import Path

import pytest

from werknetz.store.database_url import (
    DatabaseTlsRefused,
    DatabaseUrlRejected,
    asyncpg_url,
    open_connection,
    sqlalchemy_url,
)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg", "PostgreSQL"])
def test_every_common_form_is_read(scheme: str) -> None:
    url = f"{scheme}://user:secret@host:5432/db?sslmode=require"
    assert asyncpg_url(url) == "postgresql://user:secret@host:5432/db?sslmode=require"
    assert sqlalchemy_url(url) == "postgresql+asyncpg://user:secret@host:5432/db?sslmode=require"


@pytest.mark.parametrize(
    ("url", "driver", "engine"),
    [
        (
            "postgresql://u:p,w@a:1,b:2/db",
            "u:p,w@a:1,b:2/db?target_session_attrs=primary",
            "u:p,w@a:1/db",
        ),
        (
            "postgresql://a,b/db?sslmode=require",
            "a,b/db?sslmode=require&target_session_attrs=primary",
            "a/db?sslmode=require",
        ),
        (
            "postgresql://a,b/db?target_session_attrs=any",
            "a,b/db?target_session_attrs=any",
            "a/db?target_session_attrs=any",
        ),
        ("postgresql:///db?host=/run", "/db?host=/run", "/db?host=/run"),
    ],
)
def test_of_several_servers_the_one_that_takes_writes_is_wanted(
    url: str, driver: str, engine: str
) -> None:
    assert asyncpg_url(url) == f"postgresql://{driver}"
    assert sqlalchemy_url(url) == f"postgresql+asyncpg://{engine}"


@pytest.mark.parametrize("url", ["", "host/db", "mysql://u:secret@h/d", "postgresql+psycopg://h/d"])
def test_another_form_is_rejected_without_showing_the_password(url: str) -> None:
    with pytest.raises(DatabaseUrlRejected, match="postgresql://") as caught:
        asyncpg_url(url)
    assert "secret" not in str(caught.value)


@pytest.mark.asyncio
@pytest.mark.parametrize("option", ["sslrootcert", "sslcert", "sslkey", "sslcrl"])
async def test_a_missing_file_is_named(tmp_path: Path, option: str) -> None:
    url = f"postgresql://user:secret@host/db?sslmode=verify-full&{option}={tmp_path}/none.pem"
    text = f"WERKNETZ_DATABASE_URL: {option} names {tmp_path}/none.pem: No such file"
    with pytest.raises(DatabaseTlsRefused, match=text) as caught:
        await open_connection(url)
    assert "secret" not in str(caught.value)


@pytest.mark.asyncio
async def test_a_file_without_a_certificate_is_named(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("nothing")
    url = f"postgresql://user:secret@h1,h2:5433/db?sslmode=verify-full&sslrootcert={empty}"
    with pytest.raises(DatabaseTlsRefused, match=r"is no PEM .*sslrootcert of WERKNETZ") as caught:
        await open_connection(url)
    assert "secret" not in str(caught.value)


@pytest.mark.asyncio
@pytest.mark.parametrize("mode", ["verify-full", "verify-ca"])
async def test_verification_needs_an_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PGSSLROOTCERT", raising=False)
    with pytest.raises(DatabaseTlsRefused, match=f"sslmode={mode} needs .*: add sslrootcert="):
        await open_connection(f"postgresql://host/db?sslmode={mode}")


@pytest.mark.asyncio
async def test_the_option_of_sqlalchemy_is_rejected() -> None:
    with pytest.raises(DatabaseUrlRejected, match="write `sslmode` instead of `ssl`"):
        await open_connection("postgresql://host/db?ssl=require")
