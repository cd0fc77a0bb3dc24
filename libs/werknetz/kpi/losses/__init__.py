"""The loss tree: calendar time down to the time that good parts needed, without a remainder."""
