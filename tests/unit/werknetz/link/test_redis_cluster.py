"""How the URL of a cluster is read; what it does is shown with real nodes."""

import pytest

from werknetz.link.redis_client import connect_redis
from werknetz.link.redis_cluster import as_cluster, cluster_client_of, is_cluster_url


@pytest.mark.parametrize(
    ("url", "is_cluster"),
    [
        ("redis+cluster://a:1", True),
        ("rediss+cluster://a:1", True),
        ("redis://a:1/0", False),
        ("rediss://a:1/0", False),
    ],
)
def test_the_scheme_names_a_cluster(url: str, is_cluster: bool) -> None:
    assert is_cluster_url(url) is is_cluster


def test_every_server_of_the_url_is_a_way_in() -> None:
    client = cluster_client_of("redis+cluster://me:p%40ss@10.0.0.1:7001,10.0.0.2,10.0.0.3:7003")
    nodes = {(node.host, node.port) for node in client.nodes_manager.startup_nodes.values()}
    assert nodes == {("10.0.0.1", 7001), ("10.0.0.2", 6379), ("10.0.0.3", 7003)}
    options = client.get_connection_kwargs()
    assert (options["username"], options["password"]) == ("me", "p@ss")


def test_tls_is_for_every_node() -> None:
    client = cluster_client_of("rediss+cluster://a.example:1,b.example:2?ssl_check_hostname=false")
    for node in client.nodes_manager.startup_nodes.values():
        assert node.connection_class.__name__ == "SSLConnection"


def test_only_a_url_of_a_cluster_gives_a_client_of_one() -> None:
    assert as_cluster(connect_redis("redis://a:1/0")) is None
    assert as_cluster(connect_redis("redis+cluster://10.0.0.1:1")) is not None
