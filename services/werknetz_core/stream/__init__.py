"""Changes as they happen, by server-sent events."""
