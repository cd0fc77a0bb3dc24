"""Supply-caused downtime: lost minutes of machines and the deliveries behind them."""
