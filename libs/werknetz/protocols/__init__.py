"""Message schemas of field protocols that more than one service reads or writes."""
