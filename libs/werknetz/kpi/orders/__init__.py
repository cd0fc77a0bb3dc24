"""Elements by production order: which order ran in which part of a bucket, and its KPIs."""
