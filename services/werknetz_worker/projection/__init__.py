"""From business events to the rows of supply and stock: what was said, by whom, of what."""
