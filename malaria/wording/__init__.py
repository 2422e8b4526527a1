"""Numbers and counts in words, as messages, pages and reports write them."""
