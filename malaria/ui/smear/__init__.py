"""The parts of the smear triage page."""
