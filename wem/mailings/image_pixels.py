"""A program of its own that makes an image for mail of a file: `image_pixels.py PATH`.

It runs apart, within limits of memory and time, because a hostile picture can take all of either. It imports nothing
of WeM. What it writes: a line of JSON with kind, width, height and whether it moves, then the image; or a line with
the reason why it refuses. Nothing of the file goes through but its points: no metadata, no colour profile, nothing
that stood before, between or behind.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO

from PIL import Image, ImageCms, ImageOps, ImageSequence, UnidentifiedImageError

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
MAX_PIXELS = 50_000_000
MAX_SIDE = 20_000
MAX_FRAMES = 300
MAX_MOVING_PIXELS = 100_000_000  # of all frames together, as they come
MAX_MOVING_BYTES = 10 << 20  # of what is made
MAX_WIDTH, MAX_HEIGHT = 1_200, 5_000  # of what is made
# A drawing is smaller as PNG; what is larger than this is likely a photograph.
LARGE_PNG = 300_000
QUALITY = 85
MEMORY = 1536 << 20
CPU_SECONDS = 40
FRAME_MS = 100  # where a frame does not say how long it stands


class Refused(Exception):
    """The picture is not taken; the argument is a value of ImageProblem."""


def main(path: str) -> int:
    """Write what the file at `path` becomes."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        said, image = made(path)
    except Refused as refusal:
        said, image = {"refused": str(refusal)}, b""
    out = sys.stdout.buffer
    out.write(json.dumps(said).encode() + b"\n" + image)
    out.flush()
    return 0


def made(path: str) -> tuple[dict[str, Any], bytes]:
    """Return what is said of the image and its bytes; raises Refused, and OSError when there is no such file."""
    with open(path, "rb") as file:
        return _made(file)


def _made(file: BinaryIO) -> tuple[dict[str, Any], bytes]:
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(file, formats=FORMATS) as picture:
                _check(picture)
                return _moving(picture) if _moves(picture) else _still(picture)
        except Refused:
            raise
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise Refused("too_many_pixels") from None
        except MemoryError:
            raise Refused("too_hard") from None
        except UnidentifiedImageError:
            raise Refused("broken") from None
        # Pillow's readers of damaged files raise nearly anything.
        except Exception:
            raise Refused("broken") from None


def _check(picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise Refused("too_many_pixels")


def _moves(picture: Any) -> bool:
    """Return whether it is shown frame by frame; of PNG and JPEG with more than one only the first is taken."""
    return picture.format in ("GIF", "WEBP") and getattr(picture, "is_animated", False)


def fitted(width: int, height: int) -> tuple[int, int]:
    """Return the size at which an image of this size is kept; never larger than it was."""
    scale = min(1.0, MAX_WIDTH / width, MAX_HEIGHT / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _still(picture: Any) -> tuple[dict[str, Any], bytes]:
    drawn = picture.format in ("PNG", "GIF")
    if picture.format in ("JPEG", "MPO"):
        turned = picture.getexif().get(0x0112, 1) in (5, 6, 7, 8)
        width, height = fitted(*(picture.size[::-1] if turned else picture.size))
        # The reader scales while it decodes: a large photograph never stands in memory as a whole.
        picture.draft(picture.mode, (height, width) if turned else (width, height))
    image = ImageOps.exif_transpose(picture)
    image = _eight_bits(image)
    image = _standard_colours(image, picture.info.get("icc_profile"))
    size = fitted(*image.size)
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    if image.mode == "RGBA" and _solid(image):
        image = image.convert("RGB")
    if image.mode == "RGBA":
        return _said("png", image, _png(image))
    if not drawn:
        return _said("jpg", image, _jpeg(image))
    png = _png(image)
    if len(png) > LARGE_PNG and len(jpeg := _jpeg(image)) < len(png) // 2:
        return _said("jpg", image, jpeg)
    return _said("png", image, png)


def _solid(image: Image.Image) -> bool:
    """Return whether no point of an RGBA image is clear."""
    return image.getchannel("A").getextrema()[0] == 255


def _eight_bits(image: Image.Image) -> Image.Image:
    """Return the image with eight bits a channel, in RGB, RGBA, L or CMYK."""
    if image.mode.startswith("I;16"):
        image = image.convert("I")
    if image.mode == "I":
        image = image.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode == "F":
        image = image.convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in ("RGB", "L", "CMYK") else image.convert("RGB")


def _standard_colours(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the image in sRGB: mail programs know no other colours, and the profile goes."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    if alpha is not None:
        image = image.convert("RGB")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            image = converted or image
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # a profile that is damaged, or of another kind of colours, is as none
    if image.mode != "RGB":
        image = image.convert("RGB")
    if alpha is not None:
        image.putalpha(alpha)
    return image


def _png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    bare(image).save(out, "PNG", optimize=True)
    return out.getvalue()


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    bare(image).save(out, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return out.getvalue()


def bare(image: Image.Image) -> Image.Image:
    """Return the image without anything but its points: writers take up what stands beside them."""
    image.info = {}
    return image


def _said(kind: str, image: Image.Image, content: bytes, *, moving: bool = False) -> tuple[dict[str, Any], bytes]:
    return {"kind": kind, "width": image.width, "height": image.height, "moving": moving}, content


def _moving(picture: Any) -> tuple[dict[str, Any], bytes]:
    """Return a moving picture as GIF, the only kind that moves in mails."""
    times: list[int] = []
    frames = list(_frames(picture, fitted(*picture.size), times))
    solid = all(map(_solid, frames))
    # Of solid frames only what differs from the one before is written down.
    first, *others = [frame.convert("RGB") for frame in frames] if solid else frames
    # A GIF that says nothing is played once; all else says how often, 0 being for ever.
    options = {"loop": max(0, int(picture.info["loop"]))} if "loop" in picture.info else {}
    out = io.BytesIO()
    first.save(out, "GIF", save_all=True, append_images=others, duration=times, disposal=1 if solid else 2, **options)
    # A GIF is far larger than the WebP that it was.
    if out.tell() > MAX_MOVING_BYTES:
        raise Refused("too_long")
    return _said("gif", first, out.getvalue(), moving=len(frames) > 1)


def _frames(picture: Any, size: tuple[int, int], times: list[int]) -> Iterator[Image.Image]:
    """Yield the frames as they are seen, and note how long each stands, in milliseconds."""
    pixels = 0
    for number, frame in enumerate(ImageSequence.Iterator(picture)):
        _check(frame)
        pixels += frame.width * frame.height
        if number >= MAX_FRAMES or pixels > MAX_MOVING_PIXELS:
            raise Refused("too_long")
        frame.load()  # only then a frame of a WebP says how long it stands
        time = frame.info.get("duration") or FRAME_MS
        times.append(min(60_000, max(20, int(time))))
        image = frame.convert("RGBA")
        if image.size != size:
            image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
        yield bare(image)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
