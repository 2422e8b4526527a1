"""The smear triage page."""
