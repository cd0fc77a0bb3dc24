"""What a pump reports of its connector: rate, certificates, reasons, changes of state."""

import socket
from datetime import UTC, datetime

import pytest

from werknetz.connector.contract import (
    CertificateEnd,
    ConfigurationRejected,
    ConnectionLost,
    ConnectorStatus,
    Delivery,
    Reading,
)
from werknetz.connector.yaml_format import ConfigurationError
from werknetz.link.report import Fault
from werknetz.texts.catalogue import texts_of
from werknetz.texts.sentence import Sentence
from werknetz_edge.pipeline.fault import fault_of, sentence_of_failure
from werknetz_edge.pipeline.reporter import CHANGES_MAX, RATE_WINDOW_S, Reporter


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def readings(count: int) -> Delivery:
    return Delivery(readings=[Reading("a", 1)] * count)


def test_the_rate_is_that_of_the_last_minute() -> None:
    clock, status = Clock(), ConnectorStatus(state="running")
    reporter = Reporter(monotonic_s=clock)
    assert reporter.report(status, 1, b"", None).rate_s is None  # nothing was measured yet
    for _ in range(20):
        clock.now_s += 5
        reporter.note_stored(readings(50))
        reporter.observe(status, 1)
    report = reporter.report(status, 1, b"\x01", 0.25)
    assert (report.rate_s, report.rate_window_s) == (10, RATE_WINDOW_S)
    assert (report.mapping_digest, report.source_offset_s) == ("01", 0.25)
    for _ in range(13):
        clock.now_s += 5
        reporter.observe(status, 1)
    assert reporter.report(status, 1, b"", None).rate_s == 0


def test_changes_of_state_are_noted_without_the_countdown_of_the_next_attempt() -> None:
    reporter, status = Reporter(), ConnectorStatus(state="running")
    reporter.observe(status, 1)
    status.state, status.fault = "connecting", Sentence("connector.no_answer")
    for at, seconds in ((2, "1.5"), (3, "2.9")):
        status.detail = f"connect: no answer in time; next attempt in {seconds} s"
        reporter.observe(status, at)
    changes = reporter.report(status, 3, b"", None).changes
    assert [(c.at_us, c.state, c.detail) for c in changes] == [
        (1, "running", ""), (2, "connecting", "connect: no answer in time"),
    ]  # fmt: skip
    assert changes[-1].fault == Fault("connector.no_answer")
    for number in range(100):
        status.detail = str(number)
        reporter.observe(status, number)
    assert len(reporter.report(status, 3, b"", None).changes) == CHANGES_MAX


def test_certificates_are_reported_with_their_end() -> None:
    end = CertificateEnd("server", datetime(2027, 1, 1, tzinfo=UTC), "CN=press", "ab")
    status = ConnectorStatus(certificates=(end,))
    (certificate,) = Reporter().report(status, 1, b"", None).certificates
    assert (certificate.owner, certificate.until_us) == ("server", 1_798_761_600_000_000)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigurationRejected("x"), "connector.configuration_refused"),
        (ConfigurationError(["x"]), "connector.configuration_refused"),
        (TimeoutError(), "connector.no_answer"),
        (ConnectionRefusedError(), "connector.connection_refused"),
        (socket.gaierror(), "connector.host_unknown"),
        (ConnectionLost("x"), "connector.connection_lost"),
        (OSError(), "connector.connection_lost"),
        (ExceptionGroup("", [ConnectionLost("x")]), "connector.connection_lost"),
        (KeyError("x"), "connector.defect"),
        (ConfigurationRejected(Sentence("connector.fenced")), "connector.fenced"),
    ],
)
def test_a_failure_has_the_code_of_a_sentence(error: BaseException, code: str) -> None:
    assert sentence_of_failure(error).code == code


def test_the_cause_of_a_lost_connection_is_named() -> None:
    lost = ConnectionLost("x")
    lost.__cause__ = TimeoutError()
    assert sentence_of_failure(lost).code == "connector.no_answer"


def test_the_fields_of_a_reason_are_bounded_texts_and_numbers() -> None:
    sentence = Sentence(
        "connector.no_endpoint", url="opc.tcp://" + "x" * 9000, policy="None", mode="None",
        offers=["A", "B"],
    )  # fmt: skip
    fields = fault_of(sentence).fields
    assert (len(str(fields["url"])), fields["offers"]) == (500, "A, B")


def test_each_reason_has_a_remedy() -> None:
    texts = texts_of("connector")
    reasons = {name for name in texts if not name.endswith("_hint")}
    assert {f"{name}_hint" for name in reasons} == set(texts) - reasons
