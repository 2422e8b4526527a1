"""The single-cell page."""
