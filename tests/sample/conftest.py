"""Numerical searches take the time they take: no example is judged by the clock."""

from hypothesis import settings

settings.register_profile("sample", deadline=None, max_examples=50)
settings.load_profile("sample")
