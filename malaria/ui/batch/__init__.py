"""The parts of the batch page: what is evaluated, where it comes from, and how it is shown."""
