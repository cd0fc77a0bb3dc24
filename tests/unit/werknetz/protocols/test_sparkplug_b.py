"""The generated code is that of the .proto file, and encodes as the specification says."""

import re
import subprocess
import sys
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from hypothesis import given
from hypothesis import strategies as st

from plumbing.sparkplug_wire import BOOLEAN, DOUBLE, STRING, UINT_16, UINT_64, WireMetric
from plumbing.sparkplug_wire import encode_payload as write_by_hand
from werknetz.protocols import sparkplug_b_pb2
from werknetz.protocols.sparkplug_b_pb2 import DataType
from werknetz_edge.sparkplug.decoding.payload import Datatype
from werknetz_simulator.protocols.sparkplug_payload import SimulatedMetric, encode_payload

LIBS = Path(sparkplug_b_pb2.__file__).parents[2]
SCHEMA = "werknetz/protocols/sparkplug_b.proto"


def test_the_generated_code_is_that_of_the_schema(tmp_path: Path) -> None:
    compiled = tmp_path / "schema"
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", f"-I{LIBS}", f"-o{compiled}", SCHEMA],
        check=True,
    )
    (expected,) = FileDescriptorSet.FromString(compiled.read_bytes()).file
    committed = FileDescriptorProto.FromString(sparkplug_b_pb2.DESCRIPTOR.serialized_pb)
    assert str(committed) == _without_json_names(expected), "run `make proto`"


def _without_json_names(file: FileDescriptorProto) -> str:
    """The compiler adds them; the generated code leaves them out."""
    return re.sub(r' +json_name: "\w+"\n', "", str(file))


def test_the_enumeration_of_the_edge_is_that_of_the_schema() -> None:
    assert {datatype.name: datatype.value for datatype in Datatype} == dict(DataType.items())


VALUES = st.one_of(
    st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.just(STRING)),
    st.tuples(st.floats(allow_nan=False), st.just(DOUBLE)),
    st.tuples(st.integers(0, 2**16 - 1), st.just(UINT_16)),
    st.tuples(st.integers(0, 2**64 - 1), st.just(UINT_64)),
    st.tuples(st.booleans(), st.just(BOOLEAN)),
)
TIME_MS = st.integers(0, 2**63 - 1)


@given(
    st.lists(st.tuples(VALUES, TIME_MS, st.sampled_from(["", "temp", "µ"]), st.integers(0, 2**40))),
    TIME_MS,
    st.none() | st.integers(0, 255),
)
def test_payloads_have_the_bytes_of_the_specification(
    metrics: list[tuple[tuple[str | float, int], int, str, int]], at_ms: int, seq: int | None
) -> None:
    by_hand = [
        WireMetric(value, kind, ms, name, alias) for (value, kind), ms, name, alias in metrics
    ]
    simulated = [
        SimulatedMetric(value, kind, ms, name, alias) for (value, kind), ms, name, alias in metrics
    ]
    assert encode_payload(simulated, at_ms=at_ms, seq=seq) == write_by_hand(
        by_hand, at_ms=at_ms, seq=seq
    )
