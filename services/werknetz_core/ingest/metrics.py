"""What the writer counts, for Prometheus."""

from prometheus_client import Counter, Gauge

BATCHES = Counter("werknetz_ingest_batches", "Batches applied")
SAMPLES = Counter("werknetz_ingest_samples", "Samples stored")
QUARANTINED = Counter("werknetz_ingest_quarantined", "Rows put into quarantine")
UNREADABLE = Counter("werknetz_ingest_unreadable", "Stream entries that were no message")
DATABASE_ERRORS = Counter("werknetz_ingest_database_errors", "Transactions to be tried again")
LINK_ERRORS = Counter("werknetz_ingest_link_errors", "Failures of Redis")
CONNECTORS = Gauge("werknetz_ingest_connectors", "Streams that this writer reads")
