"""The colour jitter of `seed-cnn-4` as its source writes it; ours, which keeps to what stains do, is `augmentation`."""

from typing import Any

import keras
from keras import ops

from malaria.training.augmentation import Tensor, to_hsv


@keras.saving.register_keras_serializable("malaria")
class Jitter(keras.layers.Layer):  # type: ignore[misc]
    """Change the colours of whole pictures, the black surround too: RGB floats of 0 to 1 in and out, (n, h, w, 3).

    With `amount` a, for each cell: brightness plus a uniform number of -a to a, clipped to 0 to 1; contrast about each
    channel's mean times 1 - a to 1 + a; hue shifted by -a to a of the circle. In training only: the source's brightness
    is shifted when predicting too, by accident it seems, which is left out here.
    """

    def __init__(self, amount: float, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.amount = amount
        self.random = keras.random.SeedGenerator(seed)

    def call(self, cells: Tensor) -> Tensor:
        """Change brightness, contrast and hue, in this order."""

        def draw() -> Tensor:
            return keras.random.uniform((ops.shape(cells)[0], 1, 1, 1), -self.amount, self.amount, seed=self.random)

        changed = ops.clip(cells + draw(), 0.0, 1.0)
        mean = ops.mean(changed, axis=(1, 2), keepdims=True)
        changed = ops.clip(mean + (changed - mean) * (1 + draw()), 0.0, 1.0)
        return shift_hue(changed, draw())


def shift_hue(cells: Tensor, share: Tensor) -> Tensor:
    """Return RGB floats of 0 to 1 with their hue shifted by `share` of the circle.

    Formula from HSV to RGB: Smith, "Color gamut transform pairs", SIGGRAPH 1978.
    """
    hsv = to_hsv(cells)
    sixth, saturation, value = hsv[..., 0:1] * 255 / 30 + 6 * share, hsv[..., 1:2], hsv[..., 2:3]
    place = ops.mod(sixth + ops.convert_to_tensor([5.0, 3.0, 1.0]), 6.0)
    return value - value * saturation * ops.clip(ops.minimum(place, 4 - place), 0.0, 1.0)
