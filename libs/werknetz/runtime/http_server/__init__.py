"""The HTTP server of the API and of webhooks: uvicorn with limits on times, sizes and connections.

It needs uvicorn, which the extras `core` and `edge` install: only they import it.
"""
