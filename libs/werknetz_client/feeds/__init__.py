"""What goes in and out in quantity: events, samples of several signals, the stream of changes."""
