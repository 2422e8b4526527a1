"""From files to pictures: bytes, folders and zips become RGB arrays, with limits, identities and patients.

Nothing here writes to disk, and every refusal is an `ImageError` or a `SourceError` whose text can be shown as it is.
"""

from malaria.images.decoding import RGB, decode, name_picture
from malaria.images.given import Image, Opened, name_images, open_image, open_images
from malaria.images.limits import CELL_MAX_PIXELS, MIN_SIDE
from malaria.images.naming import image_id, patient_of
from malaria.images.source import MAX_FILE_BYTES, ImageFile, Source, open_source
from malaria.images.zips import MAX_MEMBERS

__all__ = [
    "CELL_MAX_PIXELS",
    "MAX_FILE_BYTES",
    "MAX_MEMBERS",
    "MIN_SIDE",
    "RGB",
    "Image",
    "ImageFile",
    "Opened",
    "Source",
    "decode",
    "image_id",
    "name_images",
    "name_picture",
    "open_image",
    "open_images",
    "open_source",
    "patient_of",
]
