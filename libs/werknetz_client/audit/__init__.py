"""The audit log: its entries, its chain of hashes, and files of both."""
