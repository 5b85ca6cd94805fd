"""Where state and cases are kept."""
