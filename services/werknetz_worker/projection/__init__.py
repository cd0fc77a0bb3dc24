"""Projects business events into fact rows of supply and stock."""
