"""From the records of batches to rows of tables."""
