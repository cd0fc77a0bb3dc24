import pytest

from werknetz.store.database_url import DatabaseUrlRejected, asyncpg_url, sqlalchemy_url


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg", "PostgreSQL"])
def test_every_common_form_is_read(scheme: str) -> None:
    url = f"{scheme}://user:secret@host:5432/db?ssl=require"
    assert asyncpg_url(url) == "postgresql://user:secret@host:5432/db?ssl=require"
    assert sqlalchemy_url(url) == "postgresql+asyncpg://user:secret@host:5432/db?ssl=require"


@pytest.mark.parametrize("url", ["", "host/db", "mysql://u:secret@h/d", "postgresql+psycopg://h/d"])
def test_another_form_is_rejected_without_showing_the_password(url: str) -> None:
    with pytest.raises(DatabaseUrlRejected, match="postgresql://") as caught:
        asyncpg_url(url)
    assert "secret" not in str(caught.value)
