"""Prometheus metrics of the ingest writer."""

from prometheus_client import Counter, Gauge

BATCHES = Counter("werknetz_ingest_batches", "Batches applied")
SAMPLES = Counter("werknetz_ingest_samples", "Samples stored")
QUARANTINED = Counter("werknetz_ingest_quarantined", "Rows put into quarantine")
UNREADABLE = Counter("werknetz_ingest_unreadable", "Stream entries that could not be decoded")
DATABASE_ERRORS = Counter("werknetz_ingest_database_errors", "Transactions that are retried")
SEPARATIONS = Counter(
    "werknetz_ingest_separations", "Rounds applied one connector at a time after an error"
)
LINK_ERRORS = Counter("werknetz_ingest_link_errors", "Redis failures")
CONNECTORS = Gauge("werknetz_ingest_connectors", "Streams that this writer reads")
