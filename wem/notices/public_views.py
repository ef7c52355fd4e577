"""What everybody may read: announcements; and the banner of faults and maintenance on every page."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import abort, render_template
from flask_login import current_user
from werkzeug.wrappers import Response

from wem import clock
from wem.db import db
from wem.notices import incident_rules
from wem.notices.models import Announcement, Incident, announcements, open_incidents
from wem.notices.wording import PARTS
from wem.web.blueprints import OpenBlueprint
from wem.web.origins import Origin, here
from wem.web.ownership import found_or_404
from wem.web.session import current_membership

blueprint = OpenBlueprint("announcements", __name__)
Answer = str | tuple[str, int] | Response


@blueprint.get("/announcements")
def index() -> Answer:
    return render_template("notices/public/announcements.html", announcements=announcements())


@blueprint.get("/announcements/<int:id>")
def show(id: int) -> Answer:
    row = found_or_404(Announcement, id)
    if row.withdrawn_at is not None:
        abort(404)
    return render_template("notices/public/announcement.html", announcement=row)


def banners() -> list[Incident]:
    """Return the faults and the maintenance that every page of the portal speaks of."""
    if here() is not Origin.portal:
        return []
    at = clock.now()
    try:
        membership = current_membership() if current_user.is_authenticated else None
        found = open_incidents(membership.customer_id if membership else None)
    except sa.exc.SQLAlchemyError:
        # The pages that say that the database is away stand in the same layout.
        db.session.rollback()
        return []
    return [row for row in found if incident_rules.in_banner(row.begins_at, row.closed_at, at)]


def for_customer() -> bool:
    """Return whether who reads the banner has mailings that may fall into maintenance."""
    return bool(current_user.is_authenticated) and current_membership() is not None


def front() -> list[Announcement]:
    """Return the announcements that still stand on the start pages."""
    return announcements(clock.today(), 5)


@blueprint.app_context_processor
def _banners() -> dict[str, Any]:
    """Give the layouts the banner to ask for: pages without one ask nothing."""
    return {
        "incident_banners": banners,
        "banner_for_customer": for_customer,
        "incident_parts": PARTS,
        "front_announcements": front,
    }
