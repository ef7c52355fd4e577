"""What may be an image: by content, size, course; which addresses are ours."""

from __future__ import annotations

import pytest

from wem.mailings.image_rules import (
    MB,
    MOST_BYTES,
    ImageProblem,
    is_ours,
    problem_of,
    quota_bytes,
    shown_size,
    stays_in_sight,
    tokens_in,
)

HEADS = [
    ("jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF", None),
    ("png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", None),
    ("gif", b"GIF89a\1\0\1\0", None),
    ("webp", b"RIFF\x24\0\0\0WEBPVP8 ", None),
    ("a sound in the same wrapping", b"RIFF\x24\0\0\0WAVEfmt ", ImageProblem.other),
    ("svg", b"<svg xmlns='http://www.w3.org/2000/svg'>", ImageProblem.svg),
    ("svg behind a prologue", b'<?xml version="1.0"?>\n<!-- x -->\n<SVG onload="alert(1)">', ImageProblem.svg),
    ("a page that is called a picture", b"<html><script>alert(1)</script>", ImageProblem.other),
    ("an iPhone's photograph", b"\0\0\0\x18ftypheic\0\0\0\0", ImageProblem.heic),
    ("avif", b"\0\0\0\x18ftypavif\0\0\0\0", ImageProblem.heic),
    ("pdf", b"%PDF-1.7", ImageProblem.other),
    ("an archive", b"PK\x03\x04", ImageProblem.other),
    ("windows bitmap", b"BM\x36\0\0\0", ImageProblem.other),
    ("nothing", b"", ImageProblem.empty),
]


@pytest.mark.parametrize(("head", "problem"), [row[1:] for row in HEADS], ids=[row[0] for row in HEADS])
def test_the_content_says_what_it_is(head: bytes, problem: ImageProblem | None) -> None:
    assert problem_of(head, len(head)) is problem


def test_a_file_may_have_ten_megabytes() -> None:
    head = b"\xff\xd8\xff"
    assert problem_of(head, MOST_BYTES) is None
    assert problem_of(head, MOST_BYTES + 1) is ImageProblem.too_large


@pytest.mark.parametrize(
    ("size", "shown"),
    [((300, 200), (300, 200)), ((1200, 800), (600, 400)), ((1200, 1), (600, 1)), ((600, 9), (600, 9))],
)
def test_a_mail_is_six_hundred_wide(size: tuple[int, int], shown: tuple[int, int]) -> None:
    assert shown_size(*size) == shown


@pytest.mark.parametrize(
    ("given", "course", "megabytes"),
    [("300", "light", 300), ("300 light:100 pro:2000", "pro", 2000), ("300 light:100", "standard", 300)],
)
def test_a_course_has_its_quota(given: str, course: str, megabytes: int) -> None:
    assert quota_bytes(given, course) == megabytes * MB


TOKEN, OTHER = "0123456789abcdef" * 2, "f" * 32
ORIGIN = "https://public.example"


def test_our_images_are_found_in_html_wherever_they_stand() -> None:
    html = (
        f'<img src="{ORIGIN}/i/{TOKEN}.png"><td background="{ORIGIN}/i/{OTHER}.jpg">'
        f'<img src="https://elsewhere.example/i/{"a" * 32}.png">'
    )
    assert tokens_in(html, ORIGIN) == {TOKEN, OTHER}


@pytest.mark.parametrize(
    ("address", "found"),
    [
        (f"{ORIGIN}/i/{TOKEN}.gif", TOKEN),
        (f"{ORIGIN}/i/{TOKEN}.svg", ""),
        (f"{ORIGIN}/i/x.png", ""),
        (f"{ORIGIN}/h/shop/", None),
        (f"https://elsewhere.example/i/{TOKEN}.png", None),
    ],
)
def test_whose_image_an_address_means(address: str, found: str | None) -> None:
    assert is_ours(address, ORIGIN) == found


@pytest.mark.parametrize(
    ("states", "stays"),
    [([], False), (["draft"], False), (["draft", "done"], True), (["scheduled"], True), (["cancelled"], True)],
)
def test_what_left_or_may_leave_keeps_its_images(states: list[str], stays: bool) -> None:
    assert stays_in_sight(states) is stays
