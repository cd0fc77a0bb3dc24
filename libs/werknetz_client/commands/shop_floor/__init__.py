"""Commands about what people state: stops, reasons, quantities, shift reports, the audit log."""
