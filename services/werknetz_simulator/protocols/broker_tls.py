"""TLS of a simulated machine with its broker: `mqtts://host:8883?ca=/etc/werknetz/ca.pem`."""

from urllib.parse import SplitResult, parse_qs

from paho.mqtt.client import Client


def set_up_tls(client: Client, url: SplitResult) -> None:
    """Verify the broker's certificate by the authority in `ca`, else by those of the system."""
    if url.scheme == "mqtts":
        (authority,) = parse_qs(url.query).get("ca", [None])
        client.tls_set(ca_certs=authority)
