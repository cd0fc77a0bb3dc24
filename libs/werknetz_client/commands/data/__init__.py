"""Commands over what is stored: events, samples, gaps, orders, master data; and over access."""
