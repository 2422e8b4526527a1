"""The sample threshold page."""
