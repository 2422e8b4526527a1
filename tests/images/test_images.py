"""What `malaria.images` promises: any upload gives the right picture or a sentence; any folder or zip is a stream."""

import csv
import io
import os
import struct
import tracemalloc
import warnings
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import inflate64
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from malaria import images
from malaria.errors import ImageError, SourceError
from malaria.images import MAX_MEMBERS, decode, image_id, open_source, patient_of
from tests import hostile
from tests.hostile import ACCEPTED, REFUSED, encode


class TestDecode:
    @pytest.mark.parametrize("upload", REFUSED, ids=lambda u: u.name)
    def test_refuses_with_a_sentence(self, upload: hostile.Refused) -> None:
        with pytest.raises(ImageError) as refusal:
            decode(upload.make(), upload.name)
        assert str(refusal.value) == f"{upload.name}: {upload.says}"

    def test_table_of_refusals_is_long_enough(self) -> None:
        assert len({upload.name for upload in REFUSED}) >= 40

    @pytest.mark.parametrize("upload", ACCEPTED, ids=lambda u: u.name)
    def test_gives_the_picture(self, upload: hostile.Accepted) -> None:
        rgb = decode(upload.make(), upload.name)
        assert rgb.dtype == np.uint8
        assert rgb.shape == (*upload.shape, 3)
        assert np.abs(rgb[0, 0].astype(int) - upload.first_pixel).max() <= upload.tolerance

    @pytest.mark.parametrize(
        ("kind", "options"),
        [
            ("PNG", {}),
            ("BMP", {}),
            ("TIFF", {}),
            ("WEBP", {"lossless": True}),
            ("JPEG", {"quality": 100, "subsampling": 0}),
        ],
    )
    def test_every_pixel_is_where_it_was(self, kind: str, options: dict[str, object]) -> None:
        picture = hostile.speckle(31, 17)
        difference = decode(encode(kind, picture, **options)).astype(int) - np.asarray(picture)
        assert np.abs(difference).max() <= (8 if kind == "JPEG" else 0)

    def test_limit_is_an_argument(self) -> None:
        data = encode("PNG", hostile.speckle(20, 10))
        assert decode(data, max_pixels=200).shape == (10, 20, 3)
        with pytest.raises(ImageError, match=r"20 x 10 pixels, more than the 0\.000199 megapixels"):
            decode(data, max_pixels=199)

    @pytest.mark.parametrize("name", ["plain.tif", "lzw.tif", "grey.png", "plain.bmp", "plain.gif", "turned.jpg"])
    def test_pillow_has_no_limit_of_its_own(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 24 * 16 - 1)  # it warns of what is larger
        upload = next(upload for upload in ACCEPTED if upload.name == name)
        assert decode(upload.make()).shape == (*upload.shape, 3)

    @pytest.mark.parametrize("name", ["bomb.png", "bomb.jpg", "bomb.webp", "bomb.bmp", "bomb.tif", "bomb.gif"])
    def test_enormous_image_is_refused_before_it_is_decoded(self, name: str) -> None:
        data = next(upload for upload in REFUSED if upload.name == name).make()
        tracemalloc.start()
        with pytest.raises(ImageError):
            decode(data)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 2_000_000

    @pytest.mark.parametrize(
        ("kind", "mode", "options"),
        [
            ("PNG", "RGB", {}),
            ("PNG", "P", {}),
            ("PNG", "RGBA", {}),
            ("JPEG", "RGB", {}),
            ("JPEG", "L", {}),
            ("JPEG", "CMYK", {}),
            ("JPEG", "RGB", {"progressive": True}),
            ("WEBP", "RGB", {}),
            ("WEBP", "RGBA", {}),
            ("WEBP", "RGB", {"lossless": True}),
            ("BMP", "RGB", {}),
            ("TIFF", "RGB", {}),
            ("TIFF", "RGB", {"compression": "tiff_lzw"}),
            ("TIFF", "RGB", {"compression": "jpeg"}),
        ],
    )
    def test_no_beginning_of_a_file_passes_for_the_whole(
        self, kind: str, mode: str, options: dict[str, object]
    ) -> None:
        data = encode(kind, hostile.speckle(12, 9), mode, **options)
        assert decode(data).shape == (9, 12, 3)
        for end in range(len(data)):
            with pytest.raises(ImageError):
                decode(data[:end])

    @given(st.binary(max_size=300))
    def test_no_bytes_raise_anything_else(self, data: bytes) -> None:
        with pytest.raises(ImageError):
            decode(data)

    @settings(max_examples=300)
    @given(st.data())
    def test_no_mutation_raises_anything_else(self, data: st.DataObject) -> None:
        mutant = bytearray(data.draw(st.sampled_from(SEEDS)))
        for _ in range(data.draw(st.integers(1, 6))):
            start = data.draw(st.integers(0, len(mutant)))
            end = min(len(mutant), start + data.draw(st.integers(0, 8)))
            mutant[start:end] = data.draw(st.binary(max_size=8))
        try:
            rgb = decode(bytes(mutant), max_pixels=1_000_000)
        except ImageError:
            return
        assert rgb.dtype == np.uint8
        assert rgb.ndim == 3
        assert rgb.shape[2] == 3

    def test_many_threads_at_once(self) -> None:
        good = [upload for upload in ACCEPTED for _ in range(4)]
        filters = list(warnings.filters)
        with ThreadPoolExecutor(8) as pool:
            shapes = list(pool.map(lambda upload: decode(upload.make()).shape[:2], good))
        assert shapes == [upload.shape for upload in good]
        assert warnings.filters == filters

    @pytest.mark.realdata
    def test_both_paths_agree_on_real_cells(self, real_data: Path) -> None:
        with open_source(real_data / "nih_cells_fullres_sample.zip") as cells:
            for cell in cells:
                assert cell.data is not None
                expected = np.asarray(Image.open(io.BytesIO(cell.data)).convert("RGB"))
                np.testing.assert_array_equal(decode(cell.data), expected)


SEEDS = [upload.make() for upload in ACCEPTED]


class TestIdentity:
    def test_is_the_sha_256_of_the_bytes(self) -> None:
        assert image_id(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @pytest.mark.parametrize(
        ("file", "patient"),
        [
            ("C100P61ThinF_IMG_20150918_144104_cell_162.png", "C100P61"),
            ("C68P29N_ThinF_IMG_20150819_134830_cell_86.png", "C68P29"),
            ("C1_thinF_IMG_20150604_104722_cell_9.png", "C1"),
            ("C37BP2_thinF_IMG_20150620_131423a_cell_91.png", "C37BP2"),
            ("C47P8thin_Original_Motic_IMG_20150714_102023_cell_24.png", "C47P8"),
            ("C167P128ReThinF_IMG_20151201_105102_cell_116.png", "C167P128"),
            ("C51AP12thinF_IMG_20150724_153313_cell_34", "C51"),
            ("C13NThinF_IMG_20150614_131318_cell_179.webp", "C13"),
            ("cell_images/Parasitized/C33P1thinF_IMG_20150619_114756a_cell_179.png", "C33P1"),
            ("C33P1thinF/photo.png", None),
            ("cell.png", None),
            ("C12_photo.png", None),
            ("my C1_thinF_IMG.png", None),
            ("", None),
        ],
    )
    def test_patient_by_the_nih_rules(self, file: str, patient: str | None) -> None:
        assert patient_of(file) == patient

    @pytest.mark.realdata
    def test_patients_of_all_labelled_cells(self, real_data: Path) -> None:
        with (real_data / "nih_cells_dev_labels.csv").open(newline="") as table:
            rows = list(csv.DictReader(table))
        assert len(rows) == 23_521
        assert [patient_of(row["file"]) for row in rows] == [row["patient"] for row in rows]


CELL = encode("PNG")


def make_zip(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream


def errors(stream: io.BytesIO) -> dict[str, str | None]:
    with open_source(stream, "cells.zip") as source:
        return {image.file: image.error for image in source}


NOT_A_ZIP = "This is not a zip, or it is damaged. Make or copy it again."


class TestZip:
    def test_streams_its_images_in_order_of_name(self) -> None:
        members = {"cell_images/Uninfected/b.png": b"two", "cell_images/Parasitized/C1_thinF_a.png": b"one"}
        with open_source(make_zip(members), "cells.zip") as source:
            assert len(source) == 2
            first, second = source
        assert (first.file, first.data, first.error) == ("cell_images/Parasitized/C1_thinF_a.png", b"one", None)
        assert (first.folder, first.patient, first.image_id) == ("Parasitized", "C1", image_id(b"one"))
        assert (second.folder, second.patient) == ("Uninfected", None)

    def test_may_be_a_path_or_an_upload_and_may_be_read_again(self, tmp_path: Path) -> None:
        stream = make_zip({"a.png": CELL})
        path = tmp_path / "cells.zip"
        path.write_bytes(stream.getvalue())
        for place in (path, str(path), stream):
            with open_source(place, "cells.zip") as source:
                assert [image.data for image in source] == [image.data for image in source] == [CELL]
                assert source.read("a.png") == CELL
                with pytest.raises(SourceError, match=r"cells\.zip: There is no image 'b\.png' here"):
                    source.read("b.png")
        assert not stream.closed

    def test_is_known_by_its_bytes_as_well_as_by_its_name(self) -> None:
        with open_source(make_zip({"a.png": CELL}), "upload") as source:
            assert source.files == ["a.png"]

    def test_passes_over_what_is_no_image_and_says_so(self) -> None:
        names = ["a.png", "readme.txt", "labels/patients.csv", "__MACOSX/._a.png", "Thumbs.db", "x/.DS_Store"]
        members = {**dict.fromkeys(names, CELL), "LICENSE": b"Apache License", "empty/": b""}
        with open_source(make_zip(members), "cells.zip") as source:
            assert source.files == ["a.png"]
            assert source.skipped == ["LICENSE", "labels/patients.csv", "readme.txt"]

    @pytest.mark.parametrize(
        ("name", "sentence"),
        [
            ("/etc/cell.png", "Its name points outside the zip."),
            ("../../cell.png", "Its name points outside the zip."),
            ("a/../../cell.png", "Its name points outside the zip."),
            ("C:\\cells\\cell.png", "Its name points outside the zip."),
            ("..\\cell.png", "Its name points outside the zip."),
            ("more.zip", "This is an archive inside the zip."),
            ("more.tar.gz", "This is an archive inside the zip."),
        ],
    )
    def test_hostile_member_has_its_error_and_the_rest_goes_on(self, name: str, sentence: str) -> None:
        found = errors(make_zip({name: CELL, "good.png": CELL}))
        file = name.replace("\\", "/")
        assert found.pop("good.png") is None
        assert str(found[file]).startswith(f"{file}: {sentence} ")

    def test_a_zip_of_nothing_but_archives_is_refused_as_a_whole(self) -> None:
        with pytest.raises(SourceError, match=r"holds no images, only inner\.zip\. Unpack it"):
            open_source(make_zip({"inner.zip": CELL, "readme.txt": b"x"}), "outer.zip")

    def test_encrypted_member(self) -> None:
        stream = patch_members(make_zip({"a.png": CELL}), flags=0x1)
        assert errors(stream) == {"a.png": "a.png: It is encrypted. Make the zip again without a password."}

    def test_bomb_by_its_ratio(self) -> None:
        found = errors(make_zip({"bomb.png": bytes(20_000_000), "good.png": CELL}))
        assert "as in a zip bomb" in str(found["bomb.png"])
        assert found["good.png"] is None

    def test_large_plain_file_is_no_bomb(self) -> None:
        noise = np.random.default_rng(0).bytes(17_000_000)
        assert errors(make_zip({"scan.tif": noise})) == {"scan.tif": None}

    def test_bytes_are_counted_while_reading(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("malaria.images.source.MAX_FILE_BYTES", 1000)
        found = errors(make_zip({"a.png": bytes(1001), "b.png": bytes(1000)}))
        assert "The file is larger than" in str(found["a.png"])
        assert found["b.png"] is None

    @pytest.mark.parametrize("lie", [10, 10_000])
    def test_member_whose_declared_size_lies(self, lie: int) -> None:
        stream = patch_members(make_zip({"a.png": os.urandom(500)}), unpacked=lie)
        assert "It is damaged inside the zip." in str(errors(stream)["a.png"])

    def test_overlapping_members(self) -> None:
        stream = patch_members(make_zip({f"{n}.png": CELL for n in range(9)}), packed=10_000)
        with pytest.raises(SourceError, match="overlap, as in a zip bomb"):
            open_source(stream, "cells.zip")

    def test_bit_rot_in_a_member(self) -> None:
        data = bytearray(make_zip({"a.png": CELL, "b.png": CELL}, zipfile.ZIP_STORED).getvalue())
        data[data.index(b"IHDR") + 5] ^= 1
        found = errors(io.BytesIO(bytes(data)))
        assert found == {
            "a.png": "a.png: It is damaged inside the zip. Make or copy the zip again.",
            "b.png": None,
        }

    @pytest.mark.parametrize("name", ["a.png", "a"])
    def test_deflate64_as_windows_packs_large_zips(self, name: str) -> None:
        image = CELL + bytes(100_000)
        packer = inflate64.Deflater()
        packed = packer.deflate(image) + packer.flush()
        stream = make_zip({name: packed, "b.png": b"not packed so"}, zipfile.ZIP_STORED)
        data = bytearray(stream.getvalue())
        for start, skip in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
            at = data.find(start)
            while at >= 0:
                struct.pack_into("<H", data, at + skip, 9)
                at = data.find(start, at + 1)
        entry = data.find(b"PK\x01\x02")
        struct.pack_into("<I", data, entry + 16, zlib.crc32(image))
        struct.pack_into("<I", data, entry + 24, len(image))
        with open_source(io.BytesIO(bytes(data)), "cells.zip") as source:
            good, bad = source
        assert good.data == image
        assert str(bad.error).startswith("b.png: It cannot be unpacked from its Deflate64. Make the zip again")

    def test_a_list_of_members_is_bounded_by_what_is_read_of_it(self) -> None:
        """The end record may say that there are two: what is read is the list, as long as it is."""
        entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", *[0] * 9, 1, *[0] * 6) + b"a"
        listed = entry * (MAX_MEMBERS + 1)
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, len(listed), 0, 0)
        with pytest.raises(SourceError, match="holds more than 150,000 files"):
            open_source(io.BytesIO(listed + end), "cells.zip")

    def test_the_record_that_is_checked_is_the_one_that_is_used(self) -> None:
        """A zip64 locator may point to a harmless record, while another stands where it is read from."""
        whole = bytes(40 * 2**20)
        harmless, used = (
            struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 0, 0, size, 0) for size in (0, len(whole))
        )
        locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(whole), 1)
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
        tracemalloc.start()
        with pytest.raises(SourceError):
            open_source(io.BytesIO(whole + harmless + used + locator + end), "cells.zip")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 100 * 2**20

    def test_many_members_that_unpack_to_far_too_much_together(self) -> None:
        blank = bytes(15 * 2**20)
        with pytest.raises(SourceError, match="unpack to far more than images would, as in a zip bomb"):
            open_source(make_zip({f"{n}.bmp": blank for n in range(40)}), "cells.zip")

    def test_unusual_packing(self) -> None:
        assert "packed in an unusual way" in str(errors(make_zip({"a.png": CELL}, zipfile.ZIP_LZMA))["a.png"])

    def test_two_files_of_one_name_stay_two_images(self) -> None:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for number, name in enumerate(["x/a.png", "x/a.png", "x/a (2).png", "x/a.png", "a.png"]):
                archive.writestr(name, str(number))
        with open_source(stream, "cells.zip") as source:
            found = {image.file: image.data for image in source}
        assert found == {
            "x/a.png": b"0",
            "x/a (2).png": b"1",
            "x/a (2) (2).png": b"2",
            "x/a (3).png": b"3",
            "a.png": b"4",
        }

    def test_names_are_safe_to_print(self) -> None:
        assert list(errors(make_zip({"bell\x07\x1b[31m\n.png": CELL}))) == ["bell��[31m�.png"]

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (b"", NOT_A_ZIP),
            (b"not a zip at all", NOT_A_ZIP),
            (CELL, NOT_A_ZIP),
            (make_zip({"a.png": CELL}).getvalue()[:-30], NOT_A_ZIP),
            (make_zip({"a.png": CELL}).getvalue().replace(b"PK\x01\x02", b"PK\x01\x03"), NOT_A_ZIP),
            (
                make_zip({}).getvalue(),
                "The zip holds no images. Put PNG, JPEG, WebP, HEIC, AVIF, TIFF or BMP files in it.",
            ),
            (
                make_zip({"readme.txt": b"hello"}).getvalue(),
                "The zip holds no images. Put PNG, JPEG, WebP, HEIC, AVIF, TIFF or BMP files in it.",
            ),
            (b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 9, 9, 2**31, 0, 0), NOT_A_ZIP),
        ],
    )
    def test_zip_that_is_none(self, data: bytes, sentence: str) -> None:
        with pytest.raises(SourceError) as refusal:
            open_source(io.BytesIO(data), "cells.zip")
        assert str(refusal.value) == f"cells.zip: {sentence}"

    def test_too_many_members(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("malaria.images.zips.MAX_MEMBERS", 5)
        with pytest.raises(SourceError, match="holds more than 5 files"):
            open_source(make_zip({f"{n}.png": CELL for n in range(6)}), "cells.zip")

    @settings(max_examples=200)
    @given(st.data())
    def test_no_mutation_raises_anything_but_its_own_errors(self, data: st.DataObject) -> None:
        mutant = bytearray(make_zip({"a.png": CELL, "b/c.jpg": CELL, "readme.txt": b"hello"}).getvalue())
        for _ in range(data.draw(st.integers(1, 5))):
            mutant[data.draw(st.integers(0, len(mutant) - 1))] = data.draw(st.integers(0, 255))
        try:
            with open_source(io.BytesIO(bytes(mutant)), "cells.zip") as source:
                assert len(list(source)) == len(source)
        except SourceError:
            pass

    def test_what_is_kept_of_a_zip_stays_packed(self) -> None:
        fields = make_zip({f"{n}.bmp": bytes([n]) + bytes(10 * 2**20) for n in range(20)})
        tracemalloc.start()
        kept = open_source(fields, "cells.zip").keep()
        sizes = [len(file.data or b"") for file in kept]
        assert len({file.image_id for file in kept}) == 20
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert sizes == [10 * 2**20 + 1] * 20
        assert peak < 60 * 2**20

    def test_what_is_passed_over_is_named_up_to_ten(self) -> None:
        with open_source(make_zip({f"{n:02}.txt": b"x" for n in range(12)} | {"a.png": CELL}), "cells.zip") as source:
            told = source.told_skipped
        assert told.startswith("cells.zip: 12 files are not images and were not read: 00.txt, 01.txt, ")
        assert told.endswith("09.txt and 2 more.")

    def test_thousands_of_images_pass_in_little_memory(self, tmp_path: Path) -> None:
        path = tmp_path / "cells.zip"
        noise = np.random.default_rng(0)
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(4_000):
                archive.writestr(f"cell_images/Uninfected/{number}.png", noise.bytes(12_000))
        tracemalloc.start()
        with open_source(path) as source:
            total = sum(len(image.data or b"") for image in source)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert total == 48_000_000
        assert peak < 12_000_000

    def test_one_thread_iterates_while_others_read(self) -> None:
        members = {f"{number:03}.png": os.urandom(3_000) for number in range(200)}
        with open_source(make_zip(members), "cells.zip") as source, ThreadPoolExecutor(4) as pool:
            again = [pool.submit(source.read, image.file) for image in source]
            assert [future.result() for future in again] == list(members.values())

    def test_closed_zip_says_so(self) -> None:
        with open_source(make_zip({"a.png": CELL}), "cells.zip") as source:
            pass
        with pytest.raises(SourceError, match="The zip was closed"):
            source.read("a.png")

    @pytest.mark.realdata
    def test_all_real_cells(self, real_data: Path) -> None:
        with open_source(real_data / "nih_cells_dev.zip") as source:
            assert len(source) == 23_521
            assert {image.folder for image in source if image.error is None} == {"Parasitized", "Uninfected"}


def patch_members(
    stream: io.BytesIO, flags: int | None = None, packed: int | None = None, unpacked: int | None = None
) -> io.BytesIO:
    """Overwrite what the zip's list of members says of each."""
    data = bytearray(stream.getvalue())
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        for offset, form, value in ((8, "<H", flags), (20, "<I", packed), (24, "<I", unpacked)):
            if value is not None:
                struct.pack_into(form, data, at + offset, value)
        at = data.find(b"PK\x01\x02", at + 1)
    return io.BytesIO(bytes(data))


class TestFolder:
    def test_is_read_with_all_folders_below_it(self, tmp_path: Path) -> None:
        for name in ("b/2.png", "a/x/1.JPG", "3.webp", "notes.txt", ".hidden.png", "__MACOSX/a.png", ".git/a.png"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(name.encode())
        with open_source(tmp_path) as source:
            assert len(source) == 3
            assert source.skipped == ["notes.txt"]
            assert {image.file: image.data for image in source} == {
                name: name.encode() for name in ("3.webp", "a/x/1.JPG", "b/2.png")
            }
            assert [image.folder for image in source] == [None, "x", "b"]
            assert source.read("b/2.png") == b"b/2.png"

    def test_links_out_of_it_are_not_followed(self, tmp_path: Path) -> None:
        inside, outside = tmp_path / "inside", tmp_path / "outside"
        inside.mkdir()
        outside.mkdir()
        (outside / "secret.png").write_bytes(b"secret")
        (inside / "own.png").write_bytes(b"own")
        (inside / "link.png").symlink_to(outside / "secret.png")
        (inside / "own-link.png").symlink_to(inside / "own.png")
        (inside / "folder").symlink_to(outside)
        (inside / "circle").symlink_to(inside)
        with open_source(inside) as source:
            found = {image.file: (image.data, image.error) for image in source}
            assert source.skipped == ["circle/", "folder/"]
        assert found["own.png"] == found["own-link.png"] == (b"own", None)
        assert found["link.png"] == (
            None,
            "link.png: This is a link that points outside the folder. Put the file itself there.",
        )

    def test_unreadable_files_become_errors(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("malaria.images.source.MAX_FILE_BYTES", 1000)
        (tmp_path / "good.png").write_bytes(CELL)
        (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
        (tmp_path / "large.png").write_bytes(bytes(1001))
        os.mkfifo(tmp_path / "pipe.png")
        with open_source(tmp_path) as source:
            found = {image.file: image.error for image in source}
        assert found["good.png"] is None
        assert "gone.png: The file cannot be read (No such file or directory)." in str(found["gone.png"])
        assert "large.png: The file is larger than" in str(found["large.png"])
        assert "pipe.png: This is not an ordinary file." in str(found["pipe.png"])

    def test_without_images(self, tmp_path: Path) -> None:
        (tmp_path / "readme.txt").write_text("hello")
        with pytest.raises(SourceError, match="The folder holds no images"):
            open_source(tmp_path)

    def test_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match=r"^cells: It cannot be opened \(No such file or directory\)"):
            open_source(tmp_path / "cells")

    def test_nothing_is_written(self, tmp_path: Path) -> None:
        (tmp_path / "cells.zip").write_bytes(make_zip({"a.png": CELL}).getvalue())
        before = sorted(tmp_path.rglob("*"))
        with open_source(tmp_path / "cells.zip") as source:
            for image in source:
                decode(image.data or b"")
        assert sorted(tmp_path.rglob("*")) == before


class TestSingleFile:
    def test_by_path_and_as_an_upload(self, tmp_path: Path) -> None:
        path = tmp_path / "C1_thinF_cell.png"
        path.write_bytes(CELL)
        upload = io.BytesIO(CELL)
        upload.name = "C:\\cells\\C1_thinF_cell.png"
        for place in (path, upload):
            with open_source(place) as source:
                (image,) = source
                assert len(source) == 1
                assert (image.file, image.data, image.patient) == ("C1_thinF_cell.png", CELL, "C1")
                assert source.read(image.file) == CELL

    def test_that_is_no_image_is_told_when_decoded(self, tmp_path: Path) -> None:
        path = tmp_path / "notes.txt"
        path.write_text("hello")
        with open_source(path) as source:
            (image,) = source
        with pytest.raises(ImageError, match=r"notes\.txt: This is not an image"):
            decode(image.data or b"", image.file)


def test_public_surface_is_what_is_listed() -> None:
    public = {name for name in vars(images) if not name.startswith("_")} - {
        "avif",
        "decoding",
        "depth",
        "given",
        "kinds",
        "listing",
        "limits",
        "naming",
        "plausibility",
        "source",
        "tiff",
        "zips",
    }
    assert public == set(images.__all__)
