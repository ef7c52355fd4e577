"""A customer's images, and the mailings that show them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from wem import clock
from wem.db import Base, BigId
from wem.mailings.image_rules import ImageKind, ImageProblem, ImageState


class Image(Base):
    """An image of a customer's library (画像), made anew from the file that somebody uploaded."""

    __tablename__ = "image"
    __table_args__ = (
        sa.Index("ix_image_customer_id_id", "customer_id", "id"),
        # The same file twice is one image; what was deleted or refused may come again.
        sa.Index(
            "uq_image_same",
            "customer_id",
            "source_sha256",
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL AND state != 'refused'"),
            postgresql_where=sa.text("deleted_at IS NULL AND state != 'refused'"),
        ),
        sa.Index(
            "ix_image_waiting",
            "due_at",
            sqlite_where=sa.text("state = 'received'"),
            postgresql_where=sa.text("state = 'received'"),
        ),
        sa.Index(
            "ix_image_deleted",
            "deleted_at",
            sqlite_where=sa.text("deleted_at IS NOT NULL"),
            postgresql_where=sa.text("deleted_at IS NOT NULL"),
        ),
        # Mails made of blocks name images by number: none may ever mean another picture.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customer.id"))
    state: Mapped[ImageState] = mapped_column(default=ImageState.received)
    problem: Mapped[ImageProblem | None]
    name: Mapped[str] = mapped_column(sa.String(100))
    folder: Mapped[str] = mapped_column(sa.String(50), default="")
    # What stands in its place; empty with `decorative` means that nothing is to stand there.
    alt: Mapped[str] = mapped_column(sa.String(300), default="")
    decorative: Mapped[bool] = mapped_column(default=False)
    source_sha256: Mapped[str] = mapped_column(sa.String(64))
    # The file as it came, until the image is made of it.
    source_key: Mapped[str | None] = mapped_column(sa.String(64))
    storage_key: Mapped[str | None] = mapped_column(sa.String(64))
    # Its name in addresses that everybody may read: of nobody's number, and never of another content.
    token: Mapped[str | None] = mapped_column(sa.String(32), unique=True)
    kind: Mapped[ImageKind | None]
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)
    moving: Mapped[bool] = mapped_column(default=False)
    size: Mapped[int]  # bytes that are kept: of the file as it came, then of the image
    created_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    # When somebody may begin to make it: at once, and after the lease of whoever is at it.
    due_at: Mapped[datetime] = mapped_column(default=clock.now)
    attempts: Mapped[int] = mapped_column(default=0)
    # Out of the library; the file stays as long as a mailing shows it.
    deleted_at: Mapped[datetime | None]

    @property
    def described(self) -> bool:
        """Whether it is said what stands in its place: before, it goes into no mail."""
        return self.decorative or bool(self.alt.strip())

    @property
    def path(self) -> str:
        """Its path on the public origin; only of an image that is ready."""
        assert self.token is not None and self.kind is not None
        return f"/i/{self.token}.{self.kind.value}"


class ImageUse(Base):
    """A mailing that shows an image; written whenever the mailing is saved."""

    __tablename__ = "image_use"

    image_id: Mapped[int] = mapped_column(sa.ForeignKey("image.id", ondelete="CASCADE"), primary_key=True)
    mailing_id: Mapped[int] = mapped_column(
        sa.ForeignKey("mailing.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    # Of the draft of a sequence's step: shown by its text in use, whatever the draft shows by now.
    in_use: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
