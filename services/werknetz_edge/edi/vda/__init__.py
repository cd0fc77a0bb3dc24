"""VDA 4905 and 4913: records of fixed width → facts."""
