"""What comes back after it was accepted, told to the warm-up: too much of it keeps the next day at the same number."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from wem.db import db
from wem.delivery.pace_limits import WarmUp
from wem.delivery.pace_models import ProviderState
from wem.settings import settings


def note_failures(failures: Iterable[tuple[str, str]], *, complaints: bool = False) -> None:
    """Add hard bounces (or complaints) as (sender domain, provider) to the last day of warm-up of their place.

    In the caller's transaction; nothing is written where nothing is being warmed up.
    """
    warm_up = WarmUp(settings().WARM_UP)
    if warm_up is WarmUp.none:
        return
    column = ProviderState.complained_today if complaints else ProviderState.bounced_today
    places = [(domain if warm_up is WarmUp.domain else "", provider) for domain, provider in failures]
    for pool, provider in sorted(set(places)):
        db.session.execute(
            sa.update(ProviderState)
            .where(ProviderState.pool == pool, ProviderState.provider == provider, ProviderState.warm_day.is_not(None))
            .values({column.key: column + places.count((pool, provider))})
            .execution_options(synchronize_session=False)
        )
