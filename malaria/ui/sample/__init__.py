"""The parts of the sample-threshold page (malaria/ui/sample_page.py)."""
