"""What every test has: real servers when it asks for them, and nothing left behind when it ends."""

pytest_plugins = ["plumbing.servers", "plumbing.mariadb", "plumbing.leftovers"]
