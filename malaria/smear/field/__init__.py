"""One field: from pixels to its cells, leukocytes, windows and quality."""
