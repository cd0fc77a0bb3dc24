"""The overview: an equipment and those below it, now, in one answer."""
