"""TIFF files: which page is the picture, pages that are channels of one picture, and numbers of any depth."""

from malaria.images.tiff.pixels import find_page, open_tiff

__all__ = ["find_page", "open_tiff"]
