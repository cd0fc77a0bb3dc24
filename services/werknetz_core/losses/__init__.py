"""Across the gate: lost minutes of machines and the deliveries behind them."""
