"""All tables, for Alembic and the mapper."""

from wem import audit, outbox, schedule
from wem.accounts import models as accounts
from wem.bounces import models as bounces
from wem.contracts import models as contracts
from wem.delivery import models as delivery
from wem.delivery import pace_models as pace
from wem.domains import models as domains
from wem.inbound import models as inbound
from wem.lists import blank_mail_models as blank_mail
from wem.lists import models as lists
from wem.mailings import models as mailings
from wem.mailings import reply_models as replies
from wem.tracking import models as tracking

__all__ = [
    "accounts",
    "audit",
    "blank_mail",
    "bounces",
    "contracts",
    "delivery",
    "domains",
    "inbound",
    "lists",
    "mailings",
    "outbox",
    "pace",
    "replies",
    "schedule",
    "tracking",
]
