"""The chain of hashes over the audit log."""
