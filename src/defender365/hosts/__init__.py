"""The hosts that run the integration."""
