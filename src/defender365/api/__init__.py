"""How we reach Microsoft: transport, sign-in, budgets, and a method for each call."""
