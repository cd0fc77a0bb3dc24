"""One reader for each message type."""
