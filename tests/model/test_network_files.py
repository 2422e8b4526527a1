"""A network is what its card says: a file that is another, damaged, huge or absurd is refused before it answers."""

import hashlib
import json
import shutil
from pathlib import Path

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema

from malaria.errors import ModelError
from malaria.model.card import read_card
from malaria.model.classifier import MODELS_DIR, list_models
from malaria.model.layers import read_layers
from malaria.model.network import Network
from tests.models import network, write_model

SHIPPED = sorted(folder.parent for folder in MODELS_DIR.glob("*/card.json"))
FILES = ("model.tflite", "model.keras")
OTHER = r"is not the file that its card is about: their SHA-256 differ\. Copy the whole folder again\."


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_every_shipped_card_tells_the_sha_256_of_its_files(folder: Path) -> None:
    assert read_card(folder).sha256 == {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES
    }


@pytest.mark.parametrize(("name", "read"), [("model.tflite", Network.from_folder), ("model.keras", read_layers)])
def test_one_byte_changed_at_any_of_forty_places_is_refused(tmp_path: Path, name: str, read) -> None:
    folder = tmp_path / "cell-resnet"
    shutil.copytree(MODELS_DIR / folder.name, folder)
    whole = (folder / name).read_bytes()
    read(folder)
    refused = 0
    for number in range(40):
        damaged = bytearray(whole)
        damaged[number * (len(whole) - 1) // 39] ^= 0x55
        (folder / name).write_bytes(damaged)
        with pytest.raises(ModelError, match=rf"^cell-resnet: {name} {OTHER}$"):
            read(folder)
        refused += 1
    assert refused == 40


def test_a_network_of_another_run_is_refused_and_said_where_models_are_listed(tmp_path: Path) -> None:
    folder = write_model(tmp_path, sha256={"model.tflite": hashlib.sha256(network()).hexdigest()})
    Network.from_folder(folder)
    (folder / "model.tflite").write_bytes(network(steepness=19))
    assert "their SHA-256 differ" in str(list_models(tmp_path)["tiny"])


def test_a_card_that_tells_no_sha_256_is_read_and_claims_nothing(tmp_path: Path) -> None:
    folder = write_model(tmp_path)
    assert read_card(folder).sha256 == {}
    (folder / "model.tflite").write_bytes(network(steepness=19))
    Network.from_folder(folder)


@pytest.mark.parametrize("told", ["", "0" * 63, "Z" * 64, "0" * 63 + "A"])
def test_what_is_no_sha_256_is_no_card(tmp_path: Path, told: str) -> None:
    with pytest.raises(ModelError, match=r"card\.json is not a valid card \(sha256\.model\.tflite"):
        Network.from_folder(write_model(tmp_path, sha256={"model.tflite": told}))


@pytest.mark.parametrize(
    ("name", "most", "read"), [("model.tflite", 64, Network.from_folder), ("model.keras", 256, read_layers)]
)
def test_a_huge_file_is_refused_unread(tmp_path: Path, name: str, most: int, read) -> None:
    folder = write_model(tmp_path)
    with (folder / name).open("ab") as file:
        file.truncate(2**40)  # takes no room on the disk
    with pytest.raises(ModelError, match=f"{name} is larger than {most} MB"):
        read(folder)


def declaring(shape: list[int]) -> bytes:
    """The tiny network, with another shape declared for what lies between its input and its output."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(network(), 0))
    for tensor in model.subgraphs[0].tensors:
        if tensor.name == b"redness":
            tensor.shape = shape
    builder = flatbuffers.Builder(4096)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ([1, 2**15, 2**15, 1], "declares tensors of 4,096 MB for one cell, more than the 256 MB allowed here"),
        ([2**31 - 1] * 4, "cannot be loaded .*overflowed"),
    ],
    ids=["4 GB", "more than 64 bits can count"],
)
def test_absurd_tensors_are_refused_before_they_take_memory(tmp_path: Path, shape: list[int], told: str) -> None:
    folder = write_model(tmp_path)
    (folder / "model.tflite").write_bytes(declaring([1, 16, 16, 1]))
    Network.from_folder(folder)
    (folder / "model.tflite").write_bytes(declaring(shape))
    with pytest.raises(ModelError, match=f"^tiny: model.tflite {told}"):
        Network.from_folder(folder)


def test_a_card_that_is_written_again_keeps_the_sha_256(tmp_path: Path) -> None:
    folder = write_model(tmp_path, sha256={"model.tflite": "0" * 64})
    assert json.loads(read_card(folder).model_dump_json())["sha256"] == {"model.tflite": "0" * 64}
