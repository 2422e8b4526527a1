"""Fields of one name are told apart in the same way by page and command line, and a CSV's names find them again."""

import hashlib
import itertools

import pytest

from malaria.images import ImageFile
from malaria.smear import FieldNames, Sample


def given(*files):
    """Names of files (name, bytes) of one sample."""
    names = FieldNames()
    list(names.name(ImageFile(name, data) for name, data in files))
    return names


def mark(data):
    return hashlib.sha256(data).hexdigest()[:8]


A, B, C = (("one.png", data) for data in (b"a", b"b", b"c"))


def test_a_name_that_is_taken_is_told_apart_by_the_bytes_and_by_number_without_them():
    torn = ImageFile("one.png", error="torn")
    names = FieldNames()
    found = [name for name, _ in names.name([ImageFile(*A), ImageFile(*B), torn, torn, ImageFile(*A)])]
    assert found == ["one.png", f"one.png ({mark(b'b')})", "one.png (2)", "one.png (3)"]
    assert [copy.of for copy in names.copies] == ["one.png"]
    assert names.ids == {"one.png": hashlib.sha256(b"a").hexdigest(), found[1]: hashlib.sha256(b"b").hexdigest()}


@pytest.mark.parametrize("order", list(itertools.permutations([A, B, C])))
def test_names_of_the_page_mean_the_same_bytes_in_any_order_and_from_any_folder(order):
    page = Sample.of([ImageFile(*one) for one in (A, B, C)])
    bytes_of = {name: file.data for name, file in page.files.items()}
    for folders in (("", "", ""), ("x/", "y/", "z/")):
        names = given(*((folder + name, data) for folder, (name, data) in zip(folders, order, strict=True)))
        matched = names.match(page.files)
        assert len(matched) == 3
        for said, field in matched.items():
            assert names.ids[field] == hashlib.sha256(bytes_of[said]).hexdigest()


@pytest.mark.parametrize(
    ("wanted", "files", "found"),
    [
        (["one.png", "one.png (2)"], [A, B], {"one.png": "one.png", "one.png (2)": f"one.png ({mark(b'b')})"}),
        (["one.png", "one.png (3)"], [A, B], {"one.png": "one.png"}),
        (["one.png", "other/one.png"], [A, B], {"one.png": "one.png", "other/one.png": f"one.png ({mark(b'b')})"}),
        (["other/one.png"], [A, B], {}),
        (["one.png"], [("x/one.png", b"a"), ("y/one.png", b"b")], {}),
        (["one.png"], [("x/one.png", b"a"), ("y/two.png", b"b")], {"one.png": "x/one.png"}),
        (["x/one.png"], [A], {"x/one.png": "one.png"}),
        (["x/one.png", "y/one.png"], [A], {}),
        (["gone.png", "one.png"], [("phone.png", b"a")], {}),
        ([f"one.png ({mark(b'b')})", "one.png"], [B], {f"one.png ({mark(b'b')})": "one.png"}),
        (["one.png (2)"], [("one.png (2)", b"a"), A], {"one.png (2)": "one.png (2)"}),
    ],
    ids=[
        "as earlier pages wrote",
        "third of two",
        "as the command wrote",
        "either",
        "in either folder",
        "in one folder",
        "without its folder",
        "one for two",
        "no part of a name",
        "only the second",
        "so called",
    ],
)
def test_a_name_finds_its_field_only_where_it_cannot_mean_another(wanted, files, found):
    assert given(*files).match(wanted) == found
