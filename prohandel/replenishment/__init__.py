"""How much to order, when, and why."""
