"""Programs that others wrote, through the whole platform: real processes, killed and back."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asyncua import Client, Node, ua

from plumbing.peers import peer, why_not
from plumbing.platform import Platform, platform
from plumbing.servers import run
from werknetz_demo.embedded.broker import Broker
from werknetz_demo.embedded.process import free_port
from werknetz_edge.opcua.address import address_of

pytestmark = [pytest.mark.peers, pytest.mark.slow, pytest.mark.timeout(1200)]
CELL7 = "nordwerk/emden-1/body/line-2/cell-7"
PRESS42 = "nordwerk/zwick-2/press/line-1/press42"
ROOTS = ("PackagingLine1", "MillingMachine1", "Cell7")
PLANNED_S = 0.45
AWAY_S = 20
BACK_WITHIN_S = 180
MESSAGES = 300
ITEMS = 8  # made before the OEE is looked at

BROWSE = """
  browse:
    - root: /Objects/PackagingLine1
    - root: /Objects/Machines/MillingMachine1
    - root: /Objects/Cell7
"""
ANONYMOUS = """
connector: all-anonymous
protocol: opcua
spool: {{folder: spool-anonymous}}
options:
  url: {url}
  policy: "None"
  allow_insecure: true
{browse}
mapping: {{name: as-is, version: 1, unmapped: store-as-is}}
"""
ENCRYPTED = """
connector: cell-7
protocol: opcua
spool: {{folder: spool}}
options:
  url: {url}
  policy: Basic256Sha256
  mode: SignAndEncrypt
  user: user1
  password_file: ../password
{browse}
mapping:
  name: cell-7
  version: 1
  unmapped: store-as-is
  equipment: {cell}
  rules:
    - source: nsu=urn:plant:peer;s=Cell7.StateCurrent
      signal: state
      role: state
      states: packml/opc-30060
    - {{source: nsu=urn:plant:peer;s=Cell7.GoodCount, signal: good, role: good_count}}
    - {{source: nsu=urn:plant:peer;s=Cell7.SpindleTemp, signal: spindle_temp, unit: degC}}
  constants:
    - {{signal: planned_run_time, role: planned_run_time, value: {planned_ms}, unit: ms}}
"""
PRESS = """
connector: press42
protocol: mqtt
spool: {{folder: spool}}
options:
  url: {url}
  client_id: press42-edge
  topics:
    - {{pattern: "plant/{{area}}/{{press}}/cycle", unique: true}}
    - {{pattern: "plant/{{area}}/{{press}}/+"}}
mapping:
  name: press42
  version: 1
  unmapped: store-as-is
  rules:
    - source: plant/a/{{press}}/cycle#good
      equipment: nordwerk/zwick-2/press/line-1/{{press}}
      signal: good
      role: good_count
      time: {{path: ts}}
"""


@pytest.fixture
def stage(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Platform]:
    with platform(tmp_path, database_url, redis_url) as running:
        yield running


def program(name: str) -> Path:
    path = peer(name)
    if path is None:
        pytest.skip(why_not(name))
    return path


@contextmanager
def opcua_server(port: int) -> Iterator[subprocess.Popen[str]]:
    path = program("opcua_server.js")
    server = subprocess.Popen(
        ["node", str(path), str(port)], cwd=path.parent, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    try:
        while not (line := server.stdout.readline()).startswith("UP"):
            assert line, "the peer ended"
        yield server
    finally:
        server.kill()
        server.wait(60)
        server.stdout.close()


def write(stage: Platform, name: str, text: str, **values: object) -> str:
    path = stage.folder / name
    path.write_text(text.format(browse=BROWSE.strip("\n"), cell=CELL7, **values))
    return str(path)


async def variables(url: str) -> dict[str, ua.DataValue]:
    """Everything readable below the three roots, by a client that is not ours."""
    values_by_address: dict[str, ua.DataValue] = {}
    async with Client(url) as client:
        names = [str(name) for name in await client.get_namespace_array()]
        objects = client.nodes.objects
        machines = [
            node for node in await objects.get_children() if await name_of(node) == "Machines"
        ]
        roots = [
            node
            for above in (objects, *machines)
            for node in await above.get_children()
            if await name_of(node) in ROOTS
        ]
        assert len(roots) == len(ROOTS)
        received_values = {root.nodeid for root in roots}
        while roots:
            for child in await roots.pop().get_children():
                if child.nodeid in received_values:
                    continue
                received_values.add(child.nodeid)
                kind = await child.read_node_class()
                if kind == ua.NodeClass.Method:
                    continue  # what lies below it describes its arguments
                roots.append(child)
                if kind == ua.NodeClass.Variable:
                    access = await child.get_access_level()
                    if ua.AccessLevel.CurrentRead in access:
                        value = await child.read_data_value(raise_on_bad_status=False)
                        values_by_address[address_of(child.nodeid, names)] = value
    return values_by_address


async def name_of(node: Node) -> str:
    return str((await node.read_browse_name()).Name)


def stored_samples(stage: Platform, connector: str) -> dict[str, tuple[int, datetime]]:
    """Status and time of the newest sample of each address."""
    rows = stage.query(
        """SELECT s.source, x.status, x.at FROM signals s CROSS JOIN LATERAL
        (SELECT status, at FROM samples WHERE signal_id = s.id ORDER BY at DESC LIMIT 1) x
        WHERE s.connector_id = $1""",
        connector,
    )
    return {row["source"]: (row["status"], row["at"]) for row in rows}


def missing(
    expected_variables: dict[str, ua.DataValue], samples: dict[str, tuple[int, datetime]]
) -> list[str]:
    """Variables without a row; an array is stored element by element."""
    names = {name.partition("[")[0] if name.endswith("]") else name for name in samples}
    return sorted(
        expected_variables.keys()
        - names
        - {name for name, value in expected_variables.items() if value_is_empty(value)}
    )


def value_is_empty(value: ua.DataValue) -> bool:
    return value.Value is not None and value.Value.Value == []


def trust_the_server(stage: Platform, url: str) -> None:
    """As an operator does it: look, be refused, trust what the refusal says, look again."""
    look = (
        "connect", "opcua", url, "--user", "user1", "--password-file", "password",
        "--policy", "Basic256Sha256", "--root", "/Objects/Cell7", "--name", "cell-7",
    )  # fmt: skip
    refused = stage.command(*look)
    assert refused.returncode == 2, refused.stdout
    words = refused.stderr.rpartition("werknetz trust ")[2].split()
    trusted = stage.command("trust", *words[:2])
    assert trusted.returncode == 0, trusted.stderr
    received_values = stage.command(*look)
    assert received_values.returncode == 0, received_values.stderr
    assert "nsu=urn:plant:peer;s=Cell7.GoodCount" in received_values.stdout


def test_an_opcua_server_of_others(stage: Platform) -> None:
    port = free_port()
    url = f"opc.tcp://127.0.0.1:{port}/plant"
    (stage.folder / "password").write_text("password1\n")
    with opcua_server(port) as server:
        trust_the_server(stage, url)
        stage.start("anonymous", "edge", write(stage, "all.yaml", ANONYMOUS, url=url))
        text = write(stage, "cell.yaml", ENCRYPTED, url=url, planned_ms=PLANNED_S * 1000)
        stage.start("encrypted", "edge", text)
        expected_variables = run(variables(url))
        assert len(expected_variables) > 50
        for connector in ("all-anonymous", "cell-7"):
            stage.until(
                f"every variable of {connector}",
                lambda name=connector: not missing(expected_variables, stored_samples(stage, name)),  # type: ignore[misc]  # mypy cannot type a default
            )
        states_are_stored_with_their_times(stage)
        stage.until(
            "an OEE", lambda: (oee(stage) or {"pri_gq_s": 0})["pri_gq_s"] >= ITEMS * PLANNED_S
        )
        oee_agrees_with_the_samples(stage)
        server.kill()
        killed_at = datetime.now(UTC)
        time.sleep(AWAY_S)
    started_at = datetime.now(UTC)
    with opcua_server(port):
        back_at = datetime.now(UTC)
        for connector in ("all-anonymous", "cell-7"):
            stage.until(
                f"values of {connector} again",
                lambda name=connector: newest(stage, name) > back_at,  # type: ignore[misc]  # mypy cannot type a default
                within_s=BACK_WITHIN_S,
            )
        for connector in ("all-anonymous", "cell-7"):
            stage.until(
                f"the gap of {connector}",
                lambda name=connector: covers(stage, name, killed_at, started_at),  # type: ignore[misc]  # mypy cannot type a default
            )
        no_row_is_there_twice(stage)


def states_are_stored_with_their_times(stage: Platform) -> None:
    status, at = stored_samples(stage, "cell-7")["nsu=urn:plant:peer;s=Cell7.GoodCount"]
    assert status == 0
    assert abs((datetime.now(UTC) - at).total_seconds()) < 600
    # PackML's numbers in the order of OPC 30060: 4 Execute, 11 Held, 5 Suspended.
    # The machine executes in the first 40 s of each minute.
    stage.until("the machine executes", lambda: ("4", 1.0) in stored_states(stage))
    assert stored_states(stage) <= {("4", 1.0), ("11", 4.0), ("5", 5.0)}


def stored_states(stage: Platform) -> set[tuple[str, float]]:
    rows = stage.query(
        """SELECT DISTINCT value, text FROM samples JOIN signals s ON s.id = signal_id
        WHERE s.key = $1""",
        f"{CELL7}:state",
    )
    return {(row["text"], row["value"]) for row in rows}


def newest(stage: Platform, connector: str) -> datetime:
    address = "nsu=urn:plant:peer;s=Cell7.SpindleTemp"
    return stored_samples(stage, connector)[address][1]


def oee(stage: Platform) -> dict[str, float] | None:
    """The inputs of the OEE of this and the last quarter of an hour, with its value."""
    answer = stage.get("kpi_values", equipment=CELL7, kpi="oee", start="-30m", end="now")
    (item,) = answer["items"]
    return None if item["value"] is None else item["inputs"] | {"oee": item["value"]}


def oee_agrees_with_the_samples(stage: Platform) -> None:
    elements = oee(stage)
    assert elements is not None
    counts = stage.query(
        "SELECT value FROM samples JOIN signals s ON s.id = signal_id WHERE s.key = $1 ORDER BY at",
        f"{CELL7}:good",
    )
    item_count = counts[-1]["value"] - counts[0]["value"]
    # The cell counts good items alone: they can be valued, what was produced is unknown.
    valued_count = round(elements["pri_gq_s"] / PLANNED_S, 6)  # seconds are sums of floats
    assert ITEMS <= valued_count <= item_count
    assert elements["oee"] == pytest.approx(elements["judged_pri_gq_s"] / elements["judged_s"])


def covers(stage: Platform, connector: str, killed_at: datetime, started_at: datetime) -> bool:
    """Whether a gap lasts from the kill to the source time of the first value after it."""
    items = stage.get("gaps", connector=connector, cause="connection_lost")["items"]
    spans = [
        (datetime.fromisoformat(gap["start"]), datetime.fromisoformat(gap["end"]))
        for gap in items
        if gap["end"] is not None
    ]
    # The last message before the kill may be old, where the machine is busy; none comes after it.
    slack_s = 10
    return any(
        -60 < (start - killed_at).total_seconds() < slack_s and end > started_at
        for start, end in spans
    )


def no_row_is_there_twice(stage: Platform) -> None:
    doubled = stage.query(
        """SELECT s.key, x.at, x.value, x.text, count(*)
        FROM samples x JOIN signals s ON s.id = x.signal_id
        GROUP BY s.key, x.at, x.value, x.text, x.status HAVING count(*) > 1"""
    )
    assert [dict(row) for row in doubled] == []


def test_a_machine_of_others_over_mqtt(stage: Platform, mqtt_url: str, mqtt_broker: Broker) -> None:
    path = program("mqtt_machine.js")
    file = write(stage, "press.yaml", PRESS, url=mqtt_url)
    edge = stage.start("press", "edge", file)
    stage.until("the edge listens", lambda: is_listening(stage))
    machine = subprocess.Popen(
        ["node", str(path), mqtt_url, str(MESSAGES)], cwd=path.parent,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        stage.until("messages", lambda: len(good(stage)) >= 40)
        edge.kill()
        time.sleep(1)
        edge = stage.start("press", "edge", file)
        received_values = len(good(stage))
        stage.until("more messages", lambda: len(good(stage)) >= received_values + 40)
        mqtt_broker.kill()
        time.sleep(2)
        run(mqtt_broker.start())
        received_values = len(good(stage))
        stage.until("still more messages", lambda: len(good(stage)) >= received_values + 40)
        edge.kill()
        mqtt_broker.kill()
        run(mqtt_broker.start())
        stage.start("press", "edge", file)
        machine.wait(180)
    finally:
        machine.kill()
        machine.wait(60)
    assert machine.returncode == 0  # it has the word of the broker for each of its messages
    expected_names = set(range(1, MESSAGES + 1))
    stage.until("every message", lambda: expected_names <= {value for value, _ in good(stage)})
    rows = good(stage)
    assert {value for value, _ in rows} == expected_names
    assert len(rows) == len(set(rows))


def is_listening(stage: Platform) -> bool:
    items = stage.get("connectors")["items"]
    return [item["state"] for item in items if item["id"] == "press42"] == ["running"]


def good(stage: Platform) -> list[tuple[int, datetime]]:
    rows = stage.query(
        "SELECT value, at FROM samples JOIN signals s ON s.id = signal_id WHERE s.key = $1",
        f"{PRESS42}:good",
    )
    return [(int(row["value"]), row["at"]) for row in rows]
