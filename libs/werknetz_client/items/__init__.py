"""The items of each collection as types: an item is a dict with these keys."""
