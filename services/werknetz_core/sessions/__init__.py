"""Sessions of browsers: a cookie instead of a key, for people and for screens on a wall."""
