"""The home page: what this is, how good it is, and where to start."""
