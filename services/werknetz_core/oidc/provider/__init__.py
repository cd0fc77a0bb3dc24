"""The provider of identities: its metadata, its keys, and the requests to it."""
