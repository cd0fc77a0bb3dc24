"""Certificates of a server: what is loaded, what is refused, and when files are loaded again."""

import shutil
import ssl
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from plumbing.certificates import Authority
from werknetz.runtime.http_server.tls import ServerTls, TlsFilesInvalid, load_context


def replace_file(source: Path, target: Path) -> None:
    """Replace as renewal tools do: the new file has another inode."""
    shutil.copy(source, target.with_suffix(".new"))
    target.with_suffix(".new").replace(target)


@pytest.mark.parametrize(
    ("days", "reason"),
    [((-30, -1), "certificate has expired"), ((1, 30), "not yet valid")],
)
def test_a_certificate_outside_its_dates_is_refused(
    tmp_path: Path, days: tuple[float, float], reason: str
) -> None:
    with pytest.raises(TlsFilesInvalid, match=rf"server.pem: .*{reason}.*: renew the certificate"):
        load_context(*Authority(tmp_path).issue("server", days=days))


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.issue("server")
    _, other_key = authority.issue("other")
    (tmp_path / "text.pem").write_text("no PEM")
    for pair in (
        (cert, other_key),
        (key, cert),
        (tmp_path / "text.pem", key),
        (cert, tmp_path / "text.pem"),
        (tmp_path / "missing.pem", key),
        (cert, tmp_path / "missing.key"),
    ):
        with pytest.raises(TlsFilesInvalid, match="check the files `cert` and `key`"):
            load_context(*pair)
    assert load_context(cert, key).minimum_version is ssl.TLSVersion.TLSv1_2


def test_changed_files_are_loaded_and_bad_ones_are_not(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.issue("server")
    tls = ServerTls(cert, key)
    first = tls.context
    tls.reload()
    assert tls.context is first
    bad = (
        authority.issue("expired", days=(-30, -1))[0],
        authority.issue("other")[0],  # with the key of the former one
    )
    for wrong in bad:
        replace_file(wrong, cert)
        with capture_logs() as logs:
            tls.reload()
            tls.reload()  # once for each change, not once a second
        assert [line["log_level"] for line in logs] == ["error"]
        assert "PEM" in logs[0]["remedy"]
        assert tls.context is first
    cert.unlink()
    with capture_logs() as logs:
        tls.reload()
    assert [line["log_level"] for line in logs] == ["error"]
    assert tls.context is first
    new_cert, new_key = authority.issue("renewed")
    replace_file(new_key, key)
    replace_file(new_cert, cert)
    with capture_logs() as logs:
        tls.reload()
    assert [line["event"] for line in logs] == ["TLS files loaded"]
    assert tls.context is not first
