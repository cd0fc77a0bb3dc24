"""Keys that sign whose rows the API's database user may see."""
