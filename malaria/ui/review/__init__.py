"""The parts of the label review page: the card, what stands beside it, where decisions go, and what comes of them."""
