"""The servers of the tests, and the watch over what tests leave behind."""
