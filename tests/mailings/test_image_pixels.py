"""What becomes of files that people, cameras and attackers upload: an image for mail, or a reason."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from wem.mailings import image_making
from wem.mailings.image_making import NotMade
from wem.mailings.image_pixels import MAX_FRAMES, Refused, made
from wem.mailings.image_rules import ImageKind, ImageProblem


def written(image: Image.Image, format: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def plain(size: tuple[int, int] = (8, 4), mode: str = "RGB", colour: Any = (200, 30, 30)) -> Image.Image:
    return Image.new(mode, size, colour)


def noise(size: tuple[int, int]) -> Image.Image:
    return Image.effect_noise(size, 90).convert("RGB")


@pytest.fixture
def make(tmp_path: Path) -> Any:
    def make(content: bytes) -> tuple[dict[str, Any], Image.Image, bytes]:
        (tmp_path / "file").write_bytes(content)
        said, image = made(str(tmp_path / "file"))
        return said, Image.open(io.BytesIO(image)), image

    return make


def exif(orientation: int) -> Image.Exif:
    found = Image.Exif()
    found[0x0112], found[0x010F] = orientation, "SECRET CAMERA"
    found.get_ifd(0x8825)[1] = "N"
    return found


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "PNG"])
def test_metadata_go_and_the_picture_stands_upright(make: Any, format: str) -> None:
    """A phone held upright writes a picture that lies on its side, and where that was."""
    image = plain((40, 20))
    image.paste((0, 0, 255), (0, 0, 20, 20))
    _, found, content = make(written(image, format, exif=exif(6)))
    assert found.size == (20, 40)
    red, _, blue = found.convert("RGB").getpixel((10, 5))
    assert blue > red  # what was left is above
    assert b"SECRET" not in content
    assert not found.getexif()


KINDS: list[tuple[str, bytes, str]] = [
    ("a photograph", written(plain(), "JPEG"), "jpg"),
    ("a drawing", written(plain(), "PNG"), "png"),
    ("WebP without clear parts", written(plain(), "WEBP"), "jpg"),
    ("WebP with clear parts", written(plain((8, 4), "RGBA", (9, 9, 9, 90)), "WEBP"), "png"),
    ("a GIF of one frame", written(plain(), "GIF"), "png"),
    ("a print shop's CMYK", written(plain((8, 4), "CMYK", (0, 200, 200, 0)), "JPEG"), "jpg"),
    ("grey in sixteen bits", written(plain((8, 4), "I;16", 40_000), "PNG"), "png"),
    ("grey", written(plain((8, 4), "L", 90), "JPEG"), "jpg"),
    ("black and white", written(plain((8, 4), "1", 1), "PNG"), "png"),
    ("clear by a colour of the palette", written(plain((8, 4), "P", 3), "PNG", transparency=3), "png"),
    ("a photograph as PNG", written(noise((500, 500)), "PNG"), "jpg"),
]


@pytest.mark.parametrize(("content", "kind"), [row[1:] for row in KINDS], ids=[row[0] for row in KINDS])
def test_mail_programs_get_kinds_they_know(make: Any, content: bytes, kind: str) -> None:
    said, found, _ = make(content)
    assert said["kind"] == kind
    assert found.mode in ("RGB", "RGBA")
    assert found.size == (said["width"], said["height"])
    assert not said["moving"]


def test_clear_parts_stay_clear(make: Any) -> None:
    _, found, _ = make(written(plain((8, 4), "RGBA", (9, 9, 9, 0)), "PNG"))
    assert found.mode == "RGBA" and found.getpixel((0, 0))[3] == 0


def test_sixteen_bits_keep_their_grey(make: Any) -> None:
    _, found, _ = make(written(plain((8, 4), "I;16", 40_000), "PNG"))
    assert abs(found.getpixel((0, 0))[0] - 156) <= 1


def test_colours_become_those_of_the_web(make: Any) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    standard = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    _, found, _ = make(written(plain(), "PNG", icc_profile=standard))
    assert "icc_profile" not in found.info and abs(found.getpixel((0, 0))[0] - 200) <= 1
    for broken in (profile, b"no profile at all"):
        _, found, _ = make(written(plain(), "PNG", icc_profile=broken))
        assert "icc_profile" not in found.info


@pytest.mark.parametrize(
    ("size", "kept"),
    [((2400, 1000), (1200, 500)), ((1200, 9), (1200, 9)), ((300, 10_000), (150, 5000)), ((3000, 1), (1200, 1))],
)
def test_large_ones_are_scaled_for_mail(make: Any, size: tuple[int, int], kept: tuple[int, int]) -> None:
    said, _, _ = make(written(plain(size), "JPEG"))
    assert (said["width"], said["height"]) == kept


def moving(size: tuple[int, int], count: int, format: str = "GIF", **options: Any) -> bytes:
    frames = [plain(size, colour=(n * 80 % 256, 90, n // 2)) for n in range(count)]
    return written(frames[0], format, save_all=True, append_images=frames[1:], duration=80, **options)


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
def test_what_moves_goes_on_moving(make: Any, format: str) -> None:
    said, found, _ = make(moving((1500, 10), 3, format, loop=0))
    assert said == {"kind": "gif", "width": 1200, "height": 8, "moving": True}
    assert found.n_frames == 3
    assert found.info["loop"] == 0
    assert found.info["duration"] == 80


def test_a_comment_in_a_gif_goes(make: Any) -> None:
    _, _, content = make(moving((8, 4), 2, comment=b"SECRET"))
    assert b"SECRET" not in content


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int) -> bytes:
    """A small file that says it is large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


def gif_that_grows() -> bytes:
    """A GIF of one point whose frame is far larger than the picture."""
    content = bytearray(written(plain((1, 1)), "GIF"))
    at = content.index(b"\x2c")
    content[at + 5 : at + 9] = struct.pack("<HH", 60_000, 60_000)
    return bytes(content)


JPEG = written(noise((64, 64)), "JPEG")
HOSTILE: list[tuple[str, bytes, str]] = [
    ("a hundred megapixels", png_of(10_000, 10_000), "too_many_pixels"),
    ("a bomb beyond any screen", png_of(60_000, 60_000), "too_many_pixels"),
    ("a line that never ends", png_of(25_000, 1), "too_many_pixels"),
    ("a frame larger than the picture", gif_that_grows(), "too_many_pixels"),
    ("a film", moving((1, 1), MAX_FRAMES + 1), "too_long"),
    ("cut off", JPEG[: len(JPEG) // 2], "broken"),
    ("a PNG that ends early", png_of(3000, 3000), "broken"),
    ("a script that begins as GIF", b"GIF89a=1;/*" + b"x" * 200 + b"*/alert(1)//", "broken"),
    ("words behind the first bytes", b"\x89PNG\r\n\x1a\n<script>alert(1)</script>", "broken"),
    ("no picture", b"<html>", "broken"),
]


@pytest.mark.parametrize(("content", "problem"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_hostile_files_are_refused(make: Any, content: bytes, problem: str) -> None:
    with pytest.raises(Refused) as refused:
        make(content)
    assert str(refused.value) == problem
    assert ImageProblem(problem)


def test_text_that_unpacks_for_ever_is_refused(make: Any) -> None:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    text = chunk(b"zTXt", b"x\0\0" + zlib.compress(b"x" * 80_000_000, 9))
    test_hostile_files_are_refused(make, b"\x89PNG\r\n\x1a\n" + head + text, "broken")


def test_what_hides_behind_a_picture_goes(make: Any) -> None:
    for hidden in (b"<script>alert(1)</script>", b"PK\x03\x04 an archive"):
        _, _, content = make(JPEG + hidden)
        assert hidden not in content


def test_a_program_of_its_own_makes_it(tmp_path: Path) -> None:
    (tmp_path / "good").write_bytes(written(plain((2000, 1000)), "JPEG"))
    found = image_making.make(tmp_path / "good")
    assert (found.kind, found.width, found.height, found.moving) == (ImageKind.jpeg, 1200, 600, False)
    assert Image.open(io.BytesIO(found.content)).size == (1200, 600)
    (tmp_path / "bad").write_bytes(png_of(10_000, 10_000))
    with pytest.raises(NotMade) as refused:
        image_making.make(tmp_path / "bad")
    assert refused.value.problem is ImageProblem.too_many_pixels
