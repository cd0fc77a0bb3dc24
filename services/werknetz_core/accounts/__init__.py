"""Local accounts of people: passwords, a second factor, and what limits guessing them."""
