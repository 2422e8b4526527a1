"""What measures the product and is no part of it: `python -m studies.NAME`, see docs/studies.md."""
