"""The parts of the data set page: where a set comes from, how it is looked at, and what is shown of it."""
