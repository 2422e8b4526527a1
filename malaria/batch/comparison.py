"""Two models on the same images: McNemar's exact test, and the cells that they call differently."""

from dataclasses import dataclass

import pandas as pd

from malaria.batch.table import Batch
from malaria.metrics import McNemar, mcnemar


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two models on one batch, each at its own threshold.

    `test` is over the labelled cells that both could read. `differing` has the rows of `a` on which the two answer
    differently, with p_parasitized_other and label_other of `b`; those on which they are furthest apart come first.
    """

    a: Batch
    b: Batch
    test: McNemar
    differing: pd.DataFrame


def compare(a: Batch, b: Batch) -> Comparison:
    """Compare two models' answers to the images of one source; only images that both have looked at count."""
    other = b.table[["file", "p_parasitized", "label", "error"]].add_suffix("_other")
    both = a.table.merge(other, left_on="file", right_on="file_other").drop(columns="file_other")
    both = both[both["given_label"].notna() & both["error"].isna() & both["error_other"].isna()]
    test = mcnemar(*(both[column].to_numpy(dtype=object) for column in ("given_label", "label", "label_other")))
    differing = both[both["label"] != both["label_other"]]
    apart = (differing["p_parasitized"] - differing["p_parasitized_other"]).abs()
    return Comparison(a, b, test, differing.loc[apart.sort_values(ascending=False, kind="stable").index])
