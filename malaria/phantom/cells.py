"""Synthetic cell crops in the style of the NIH thin smears: one, a batch with planted label errors, or a zip."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.images import decode
from malaria.labels import CLASSES
from malaria.phantom.forms import ARTEFACTS, FORMS, STAGES, red_cell
from malaria.phantom.stain import Slide, draw_clouds

_BLOCK = 3  # the NIH masks were found on a picture some three times smaller, hence their stepped outlines
_STRIP = (
    ("uninfected", 0),
    ("ring", 1),
    ("artefact_platelet", 2),
    ("trophozoite", 3),
    ("uninfected", 4),
    ("schizont", 5),
    ("artefact_debris", 6),
    ("faint_ring", 7),
    ("gametocyte", 8),
)


@dataclass(frozen=True)
class Phantom:
    """One synthetic cell and the truth about it; `given_label` is wrong only where an error was planted."""

    file: str
    png: bytes
    form: str
    patient: str
    given_label: str
    true_label: str

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """The cell, RGB uint8 (height, width, 3)."""
        return decode(self.png, self.file)


def cell(form: str, *, slide: int | Slide = 0, seed: int = 0, size: int | None = None) -> NDArray[np.uint8]:
    """Draw one synthetic cell: RGB uint8 (height, width, 3), cropped tightly, black around its outline.

    `form` is one of `FORMS`, `slide` says how it was stained, and the same `seed` (0 or more) draws the same cell, bit
    by bit. `size` is the longest side in pixels; without it the cell keeps its own, mostly 100 to 160. Raises
    ValueError for an unknown form.
    """
    if form not in FORMS:
        raise ValueError(f"There is no form {form!r}. Choose one of: {', '.join(FORMS)}.")
    rng = np.random.default_rng([seed, list(FORMS).index(form)])
    rgb = _photograph(form, slide if isinstance(slide, Slide) else Slide.of(slide), rng)
    if size is None:
        return rgb
    scale = size / max(rgb.shape[:2])
    shape = max(round(rgb.shape[1] * scale), 1), max(round(rgb.shape[0] * scale), 1)
    return cv2.resize(rgb, shape, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def batch(
    n: int = 200, *, seed: int = 0, patients: int = 10, mislabelled: float = 0.0, artefacts: float = 0.1
) -> list[Phantom]:
    """Draw `n` cells, half of them parasitized, in random order, over so many synthetic patients with a slide each.

    `artefacts` is the share of cells that are uninfected with something lying on them (at most 0.5), `mislabelled` the
    share whose given label is the wrong one; both are met exactly, to the nearest cell. No file name tells the form.
    Raises ValueError for a share out of its range.
    """
    if not (0 <= artefacts <= 0.5 and 0 <= mislabelled <= 1):
        raise ValueError("artefacts must lie between 0 and 0.5, and mislabelled between 0 and 1.")
    rng = np.random.default_rng([seed, n])
    forms = _forms(n, round(n * artefacts), rng)
    wrong = set(rng.permutation(n)[: round(n * mislabelled)].tolist())
    return [
        _phantom(form, index, name="cell", patient=1 + index % patients, seed=seed, mislabelled=index in wrong)
        for index, form in enumerate(forms)
    ]


def examples() -> list[Phantom]:
    """Nine cells to click on: two uninfected, each stage, a platelet, debris, and a ring too faint to be easy."""
    return [_phantom(form, index, name=form, patient=1 + index, seed=6, mislabelled=False) for form, index in _STRIP]


def batch_zip(
    n: int = 200, *, seed: int = 0, patients: int = 10, mislabelled: float = 0.0, artefacts: float = 0.1
) -> bytes:
    """The cells of `batch` as the bytes of a zip in the layout of the NIH set: cell_images/GIVEN LABEL/NAME.png."""
    phantoms = batch(n, seed=seed, patients=patients, mislabelled=mislabelled, artefacts=artefacts)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for label in CLASSES:
            for phantom in phantoms:
                if phantom.given_label == label:
                    member = zipfile.ZipInfo(f"cell_images/{label}/{phantom.file}", (2020, 1, 1, 0, 0, 0))
                    archive.writestr(member, phantom.png)
    return buffer.getvalue()


def _forms(n: int, artefacts: int, rng: np.random.Generator) -> Sequence[str]:
    """The forms of `n` cells in random order: half parasitized, of the rest so many artefacts."""
    parasitized = [str(stage) for stage in rng.choice(list(STAGES), n // 2, p=list(STAGES.values()))]
    lying_on = [ARTEFACTS[k % len(ARTEFACTS)] for k in range(artefacts)]
    plain = ["uninfected"] * (n - len(parasitized) - len(lying_on))
    forms = parasitized + lying_on + plain
    return [forms[k] for k in rng.permutation(n)]


def _phantom(form: str, index: int, *, name: str, patient: int, seed: int, mislabelled: bool) -> Phantom:
    """Draw and label one cell, and call its file `name`."""
    slide = 1000 * seed + patient
    rgb = cell(form, slide=slide, seed=100_000 * seed + index)
    true_label = FORMS[form]
    given_label = next(label for label in CLASSES if (label == true_label) != mislabelled)
    of_patient = f"C{900 + patient}P{patient}"
    png = cv2.imencode(".png", rgb[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    file = f"{of_patient}ThinF_SYNTHETIC_{name}_{index:04d}.png"
    return Phantom(file, png, form, of_patient, given_label, true_label)


def _photograph(form: str, slide: Slide, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a cell, photograph it, and cut it out as the NIH's segmentation did."""
    patch = red_cell(form, slide.diameter / 2 * rng.lognormal(0, 0.08), slide, rng)
    mask = _mask(patch.cover, rng)
    left, top, width, height = cv2.boundingRect(mask)
    window = slice(top, top + height), slice(left, left + width)
    lean = rng.normal(0, 0.02, 2).astype(np.float32)  # no field is lit evenly
    across, down = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    rgb = slide.photograph(patch.density[window], 1 + lean[0] * across + lean[1] * down, rng)
    return np.pad(rgb * mask[window][..., None], (*rng.integers(0, 4, (2, 2)).tolist(), (0, 0)))


def _mask(cover: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.uint8]:
    """What a coarse automatic segmentation keeps of the picture: 1 inside, 0 outside, stepped and a little ragged."""
    side = cover.shape[0]
    small = cv2.resize(cover, (side // _BLOCK, side // _BLOCK), interpolation=cv2.INTER_AREA)
    ragged = 1 + np.clip(0.3 * rng.random() * draw_clouds(small.shape[:2], 2.5, rng), -0.5, 0.5)
    found = (cv2.GaussianBlur(small, (0, 0), 1.0) * ragged > rng.uniform(0.2, 0.45)).astype(np.uint8)
    _, parts, measures, _ = cv2.connectedComponentsWithStats(found, connectivity=4)
    largest = 1 + int(np.argmax(measures[1:, cv2.CC_STAT_AREA]))
    whole = cv2.resize((parts == largest).astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST)
    return np.asarray(whole, np.uint8)
