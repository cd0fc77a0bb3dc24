"""Why a connector does not run, as a sentence with a code: pages write it in their language."""

import socket

from werknetz.connector.contract import ConfigurationRejected, ConnectionLost
from werknetz.connector.yaml_format import ConfigurationError
from werknetz.link.report import Fault, FieldValue
from werknetz.texts.sentence import Sentence

_TEXT_MAX = 500


def sentence_of_failure(error: BaseException) -> Sentence:
    """Return the sentence that the connector raised; else one for the kind of the error."""
    if isinstance(error, BaseExceptionGroup):
        return sentence_of_failure(error.exceptions[0])
    own = error.args[0] if error.args else None
    if isinstance(own, Sentence):
        return own
    return Sentence(f"connector.{_kind_of(error)}")


def _kind_of(error: BaseException) -> str:
    if isinstance(error, ConfigurationRejected | ConfigurationError):
        return "configuration_refused"
    cause = error.__cause__ if isinstance(error, ConnectionLost) and error.__cause__ else error
    if isinstance(cause, TimeoutError):
        return "no_answer"
    if isinstance(cause, ConnectionRefusedError):
        return "connection_refused"
    if isinstance(cause, socket.gaierror):
        return "host_unknown"
    if isinstance(error, ConnectionLost | OSError):
        return "connection_lost"
    return "defect"


def fault_of(sentence: Sentence) -> Fault:
    """Return code and fields of a sentence, as the status carries them."""
    fields: dict[str, FieldValue] = {}
    for name, value in sentence.document_fields().items():
        if value is None or isinstance(value, int | float):
            fields[name] = value
        elif isinstance(value, list):
            fields[name] = ", ".join(map(str, value))[:_TEXT_MAX]
        else:
            fields[name] = str(value)[:_TEXT_MAX]
    return Fault(sentence.code, fields)
