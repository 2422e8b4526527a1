"""Malaria cell images: predictions, label review, sample thresholds and smear triage. For research and review only."""
