"""Stock: balances out of counts and movements, what runs out, how long it lasts, what it stops."""
