"""Values in, values out: no HTTP, no files, no clock, no logging."""
