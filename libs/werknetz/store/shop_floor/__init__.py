"""Statements over what people state about machines: stops, reasons, quantities, notes, audit."""
