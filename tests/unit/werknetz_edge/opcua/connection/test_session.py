"""When a lost session may still be resumed."""

from pathlib import Path
from typing import Any

import pytest

from werknetz.texts.language import Language
from werknetz_edge.opcua.config import OpcuaConfig
from werknetz_edge.opcua.connection.pki import load_identity
from werknetz_edge.opcua.connection.session import (
    SessionGoneError,
    _check_still_resumable,
    _is_restarted,
    status_name,
    to_connector_error,
)
from werknetz_edge.opcua.connection.transport import SessionTicket
from werknetz_edge.opcua.stack import ua

S = 1_000_000


@pytest.mark.parametrize(
    ("before_us", "now_us", "restarted"),
    [
        (None, 5 * S, False),
        (5 * S, None, False),
        (5 * S, 5 * S, False),
        (5 * S, 6 * S, False),  # some controllers compute their start from clock and up-time
        (5 * S, 6 * S + 1, True),
        (5 * S, 4 * S - 1, True),  # the clock was set back
    ],
)
def test_a_restart_has_another_start_time(
    before_us: int | None, now_us: int | None, *, restarted: bool
) -> None:
    assert _is_restarted(before_us, now_us) is restarted


@pytest.mark.parametrize(
    ("code", "gone"),
    [
        ("BadSessionIdInvalid", True),
        ("BadSessionClosed", True),
        ("BadIdentityTokenInvalid", True),
        ("BadApplicationSignatureInvalid", True),
        ("BadUserAccessDenied", True),
        ("BadTcpServerTooBusy", False),
        ("BadTimeout", False),
        ("BadServerHalted", False),
        ("BadSecureChannelClosed", False),
    ],
)
def test_only_a_refusal_ends_a_session(code: str, *, gone: bool) -> None:
    error: Any = ua.UaStatusCodeError(getattr(ua.StatusCodes, code))
    ticket = SessionTicket(None, None)
    assert status_name(error) == code
    if gone:
        with pytest.raises(SessionGoneError):
            _check_still_resumable(ticket, error)
    else:
        _check_still_resumable(ticket, error)
    assert ticket.silent_attempts == 0


def test_a_session_that_gives_no_answer_is_given_up_in_the_end() -> None:
    ticket = SessionTicket(None, None)
    for _ in range(2):
        _check_still_resumable(ticket, TimeoutError())
    with pytest.raises(SessionGoneError):
        _check_still_resumable(ticket, ConnectionResetError())


@pytest.mark.parametrize(("user", "code"), [("reader", "user"), (None, "anonymous")])
def test_who_is_refused_has_a_sentence_in_both_languages(
    user: str | None, code: str, tmp_path: Path
) -> None:
    config = OpcuaConfig.model_validate({
        "url": "opc.tcp://plc-7:4840", "policy": "None", "allow_insecure": True, "user": user,
        "password": user, "browse": [{"root": "/Objects"}],
    })  # fmt: skip
    identity = load_identity(tmp_path, "cell-7")
    refusal: Any = ua.UaStatusCodeError(ua.StatusCodes.BadUserAccessDenied)
    sentence = to_connector_error(refusal, config, identity).args[0]
    assert sentence.code == f"connector.{code}_refused"
    german = sentence.in_language(Language.DE)
    assert not {"anonymous", "access", "user"} & set(german.split()), german
