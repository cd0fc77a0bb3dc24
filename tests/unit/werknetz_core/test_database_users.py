"""Users of the database: read from URLs, judged, and made with passwords that no log shows."""

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

import pytest

from werknetz.store.access.rights import SCHEMAS, TABLE_RIGHTS, DatabaseRole
from werknetz.store.access.roles import grant_statements, login_statements, scram_verifier
from werknetz_core.admin import AdminError
from werknetz_core.database_roles import LoginRole, apply_roles, judge_position, login_from_option

PASSWORD = "p" * 16


@pytest.mark.parametrize(
    ("attributes", "passes", "words"),
    [
        ((False, False, False), True, "restricted"),
        ((True, False, False), False, "superuser"),
        ((False, True, False), False, "BYPASSRLS"),
        ((False, False, True), False, "owns the tables"),
        ((True, True, True), False, "superuser"),
    ],
)
def test_a_user_whom_no_policy_restricts_fails_the_check(
    attributes: tuple[bool, bool, bool], passes: bool, words: str
) -> None:
    is_superuser, bypasses, is_owner = attributes
    _, passed, detail, remedy = judge_position(
        "u", is_superuser=is_superuser, bypasses=bypasses, is_owner=is_owner
    )
    assert (passed, bool(remedy)) == (passes, not passes)
    assert words in detail


def test_a_login_is_read_from_the_url_of_its_service(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"postgresql://wn%40api:{PASSWORD}@h:5/d?sslmode=verify-full\n")
    login = login_from_option(f"api={file}")
    assert login == LoginRole(DatabaseRole.API, "wn@api", PASSWORD)


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("owner={}", f"postgresql://u:{PASSWORD}@h/d"),
        ("api", ""),
        ("api=", ""),
        ("api={}.missing", ""),
        ("api={}", f"postgresql://u:{PASSWORD[1:]}@h/d"),
        ("api={}", f"postgresql://:{PASSWORD}@h/d"),
        ("api={}", "postgresql://h/d"),
    ],
)
def test_what_is_no_login_is_refused_with_a_remedy(tmp_path: Path, option: str, text: str) -> None:
    (tmp_path / "url").write_text(text)
    with pytest.raises(AdminError) as refused:
        login_from_option(option.format(tmp_path / "url"))
    assert refused.value.remedy
    assert PASSWORD[1:] not in str(refused.value)


def test_no_statement_holds_a_password() -> None:
    statements = login_statements('a"b', "geheim" * 4, DatabaseRole.API, exists=False)
    assert "geheim" not in "".join(statements)
    assert statements[0].startswith('CREATE ROLE "a""b" LOGIN PASSWORD')
    assert statements[1] == 'GRANT werknetz_api TO "a""b"'


def test_the_verifier_is_that_of_scram_sha_256() -> None:
    kind, _, rest = scram_verifier("secret").partition("$")
    (rounds, salt), keys = rest.partition("$")[0].split(":"), rest.partition("$")[2].split(":")
    salted = hashlib.pbkdf2_hmac("sha256", b"secret", base64.b64decode(salt), int(rounds))
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    assert (kind, rounds) == ("SCRAM-SHA-256", "4096")
    assert [base64.b64decode(key) for key in keys] == [stored, server]


def test_a_right_is_given_only_on_tables_that_exist() -> None:
    statements = list(grant_statements(DatabaseRole.INGEST, {"samples", "unknown"}))
    assert "REVOKE ALL ON unknown FROM werknetz_ingest" in statements
    assert "GRANT SELECT ON samples TO werknetz_ingest" in statements
    assert not [text for text in statements if text.startswith("GRANT") and "unknown" in text]


def test_nobody_changes_the_audit_log_or_samples_but_who_must() -> None:
    changes = {
        (role, right, table)
        for role, rights in TABLE_RIGHTS.items()
        for right, tables in rights.items()
        for table in tables
        if right != "SELECT" and table in {"audit_log", "audit_seals", "audit_head", "samples"}
    }
    assert changes == {
        (DatabaseRole.API, "INSERT", "audit_log"),
        (DatabaseRole.WORKER, "INSERT", "audit_log"),
        (DatabaseRole.INGEST, "INSERT", "samples"),
        (DatabaseRole.INGEST, "DELETE", "samples"),
    }
    assert set(SCHEMAS) == set(TABLE_RIGHTS) == set(DatabaseRole)


class NoRoles:
    """A connection of a user who may not create roles, where there are none."""

    async def fetch(self, *_: object) -> list[object]:
        return []

    async def fetchval(self, *_: object) -> bool:
        return False


@pytest.mark.asyncio
async def test_without_the_right_to_create_roles_the_operator_reads_what_to_run() -> None:
    connection: Any = NoRoles()
    assert await apply_roles(connection) == [
        f"CREATE ROLE {role} NOLOGIN;" for role in DatabaseRole
    ]
