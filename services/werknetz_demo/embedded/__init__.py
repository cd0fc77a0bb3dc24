"""Real servers from wheels: they need no root, no Docker and no package manager.

`werknetz demo` and the tests start the same servers.
"""
