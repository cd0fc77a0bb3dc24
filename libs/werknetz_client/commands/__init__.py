"""Commands of `werknetz` that need only the API's address and a key: one module a group."""
