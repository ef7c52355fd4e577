"""What workers run for images: making them of files that came, erasing what nothing names."""

from __future__ import annotations

import time

from wem import queue
from wem.db import db
from wem.mailings import image_taking

SECONDS = 50.0


def make_image(image_id: int) -> None:
    """Make the image of a file that was uploaded."""
    image_taking.make(image_id)


def make_images() -> None:
    """Find uploaded files whose ring was lost, or whose worker was."""
    for image_id in image_taking.waiting():
        queue.ring_now(queue.WORK, "wem.mailings.image_jobs.make_image", image_id)


def tidy_images() -> None:
    """Erase what no image and no mailing names any more."""
    until = time.monotonic() + SECONDS
    for _ in image_taking.tidy():
        db.session.commit()
        if time.monotonic() > until:
            break
    db.session.commit()
