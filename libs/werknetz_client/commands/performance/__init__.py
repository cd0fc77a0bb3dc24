"""Commands about performance: losses and targets."""
