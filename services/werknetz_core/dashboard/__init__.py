"""The web page, ready-made in `dist` by `make dashboard`; its source is services/dashboard."""
