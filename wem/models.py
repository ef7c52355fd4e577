"""All tables, for Alembic and the mapper."""

from wem import audit, documents, outbox, schedule
from wem.accounts import models as accounts
from wem.accounts import order_models as orders
from wem.billing import debit_models as debits
from wem.billing import invoice_models as invoices
from wem.billing import models as billing
from wem.billing import month_models as months
from wem.billing import payment_models as payments
from wem.bounces import models as bounces
from wem.cases import models as cases
from wem.contracts import application_models as applications
from wem.contracts import catalogue_models as catalogue
from wem.contracts import emergency_models as emergencies
from wem.contracts import mandate_models as mandates
from wem.contracts import models as contracts
from wem.contracts import price_models as prices
from wem.contracts import request_models as requests
from wem.contracts import stop_models as stops
from wem.contracts import text_models as texts
from wem.delivery import models as delivery
from wem.delivery import no_send_models as no_send
from wem.delivery import pace_models as pace
from wem.delivery import portion_models as portions
from wem.domains import models as domains
from wem.erasure import models as erasures
from wem.inbound import models as inbound
from wem.inquiries import models as inquiries
from wem.lists import blank_mail_models as blank_mail
from wem.lists import count_models as counts
from wem.lists import models as lists
from wem.lists import subscription_models as subscriptions
from wem.lists import takedown_models as takedowns
from wem.lists import upload_models as uploads
from wem.mailings import back_number_models as back_numbers
from wem.mailings import block_models as blocks
from wem.mailings import chosen_models as chosen
from wem.mailings import design_models as designs
from wem.mailings import image_models as images
from wem.mailings import maintenance_models as maintenance
from wem.mailings import models as mailings
from wem.mailings import page_look_models as page_looks
from wem.mailings import reply_models as replies
from wem.mailings import review_models as reviews
from wem.mailings import segment_models as narrowing
from wem.mailings import trial_models as trials
from wem.notices import models as notices
from wem.privacy import models as privacy
from wem.privacy import news_models as news
from wem.privacy import purpose_models as purposes
from wem.segments import models as segments
from wem.sender_names import models as sender_names
from wem.sequences import models as sequences
from wem.tracking import models as tracking

__all__ = [
    "accounts",
    "applications",
    "audit",
    "back_numbers",
    "billing",
    "blank_mail",
    "blocks",
    "bounces",
    "cases",
    "catalogue",
    "chosen",
    "contracts",
    "counts",
    "debits",
    "delivery",
    "designs",
    "documents",
    "domains",
    "emergencies",
    "erasures",
    "images",
    "inbound",
    "inquiries",
    "invoices",
    "lists",
    "mailings",
    "maintenance",
    "mandates",
    "months",
    "narrowing",
    "news",
    "no_send",
    "notices",
    "orders",
    "outbox",
    "pace",
    "page_looks",
    "payments",
    "portions",
    "prices",
    "privacy",
    "purposes",
    "replies",
    "requests",
    "reviews",
    "schedule",
    "segments",
    "sender_names",
    "sequences",
    "stops",
    "subscriptions",
    "takedowns",
    "texts",
    "tracking",
    "trials",
    "uploads",
]
