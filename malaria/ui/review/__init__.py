"""The label review page."""
