"""Identity, permissions, rate limits and request checks."""
