"""What the demo shows about people, parts and capacity."""
