"""Real servers that need no root, no Docker and no package manager: they come from wheels.

`werknetz demo` and every test start these same servers, so what a test says is true of the demo.
"""
