"""The default model on another laboratory's cells, from which nothing was learned: IML-Malaria's annotated boxes."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from malaria.images import decode
from malaria.metrics import evaluate
from malaria.model.classifier import load

INFECTED = {"ring", "trophozoite", "schizont", "gametocyte"}


@pytest.mark.realdata
def test_the_default_model_tells_another_laboratorys_cells_apart(real_data: Path) -> None:
    classifier = load()
    infected, answers = [], []
    with zipfile.ZipFile(real_data / "iml_smears_dev.zip") as archive:
        for field in json.loads(archive.read("annotations.json")):
            rgb = decode(archive.read(f"fields/{field['image_name']}"))
            known = [cell for cell in field["objects"] if cell["type"] != "difficult"]
            places = [{side: max(0, int(float(value))) for side, value in cell["bbox"].items()} for cell in known]
            cells = [rgb[p["y"] : p["y"] + p["h"], p["x"] : p["x"] + p["w"]] for p in places]
            usable = [number for number, cell in enumerate(cells) if min(cell.shape[:2]) >= 8]
            answers.append(classifier.predict([cells[number] for number in usable]))
            infected += [known[number]["type"] in INFECTED for number in usable]
    auc = evaluate(np.array(infected), np.concatenate(answers), 0.5).auc
    print(f"AUC on {auc.n} boxes of another laboratory: {auc.value:.4f} [{auc.low:.4f}, {auc.high:.4f}]")
    assert auc.value is not None
    assert auc.value >= 0.97
