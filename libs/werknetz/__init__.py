"""The shared language of Werknetz and its adapters; never imports a service."""

__version__ = "0.1.0"
