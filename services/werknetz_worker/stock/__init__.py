"""From counts and movements to balances, stock-outs, days and findings."""
