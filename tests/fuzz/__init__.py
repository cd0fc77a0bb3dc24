"""Requests that a machine invents from the OpenAPI document."""
