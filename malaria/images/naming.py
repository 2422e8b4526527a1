"""Who an image is: its identity from its bytes, its patient from its name."""

import hashlib
import re

# Slide names as NIH wrote them: C100P61ThinF_IMG_..., C68P29N_ThinF_..., C1_thinF_..., C37BP2_thinF_..., C47P8thin_...,
# C167P128ReThinF_..., C51AP12thinF_... (which NIH's own table of patients has as C51). What stands between the
# patient and "thin" (N for uninfected, Re for taken again) is no part of the patient.
_NIH_NAME = re.compile(r"(C\d+(?:B?P\d+)?)[A-Za-z0-9]*_?[Tt]hin")


def image_id(data: bytes) -> str:
    """The identity of an image: the SHA-256 of the file's bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def patient_of(file: str) -> str | None:
    """The patient in an NIH file name (`C100P61ThinF_IMG_...png` gives `C100P61`), or None when the name has none.

    `file` may be a path with `/` between folders; only its last part counts.
    """
    match = _NIH_NAME.match(file.rpartition("/")[2])
    return match[1] if match else None
