"""The reader test page."""
