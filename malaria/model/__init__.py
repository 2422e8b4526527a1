"""A model folder: its card, its network, the answers it gave, and a `Classifier` that answers for cells."""
