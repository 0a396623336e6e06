"""Who asks and what they may do: identity, permissions, limits and checks of requests."""
