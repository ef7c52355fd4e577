"""The pages: every blueprint there is, and what only requests need."""

from __future__ import annotations

from flask import Flask
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from wem.accounts import account_views, team_views
from wem.accounts import staff_views as staff_people_views
from wem.accounts import views as accounts_views
from wem.billing import (
    staff_assigning_views,
    staff_correction_views,
    staff_debit_views,
    staff_invoice_views,
    staff_method_views,
    staff_month_views,
    staff_payment_views,
    staff_price_views,
    staff_receipt_views,
    staff_refund_views,
    staff_statement_views,
    staff_write_off_views,
)
from wem.billing import staff_views as staff_arrears_views
from wem.billing import views as invoice_views
from wem.bounces import staff_views as staff_bounce_views
from wem.bounces import views as bounce_views
from wem.cases import report_views, staff_act_views, staff_claim_views, staff_report_views
from wem.cases import staff_views as staff_case_views
from wem.contracts import (
    application_money_views,
    application_paper_views,
    application_partner_views,
    application_staff_views,
    application_views,
    credential_views,
    dashboard_views,
    emergency_staff_views,
    emergency_views,
    filing_views,
    made_request_views,
    request_views,
    staff_catalogue_views,
    staff_change_views,
    staff_ending_views,
    staff_filing_views,
    staff_mandate_views,
    staff_offer_views,
    staff_request_views,
    staff_revocation_views,
    staff_termination_views,
    staff_void_views,
)
from wem.contracts import staff_views as staff_contract_views
from wem.contracts import views as contract_views
from wem.db import db
from wem.domains import list_views as list_sender_views
from wem.domains import staff_views as staff_domain_views
from wem.domains import views as domain_views
from wem.erasure import staff_views as staff_erasure_views
from wem.inbound import staff_views as staff_inbound_views
from wem.inquiries import answering as inquiry_answering
from wem.inquiries import public_views as inquiry_order_views
from wem.inquiries import staff_act_views as staff_inquiry_act_views
from wem.inquiries import staff_views as staff_inquiry_views
from wem.inquiries import views as inquiry_views
from wem.lists import (
    blank_views,
    field_views,
    page_staff_views,
    page_views,
    public_archive_views,
    public_link_views,
    public_mail_views,
    public_preference_views,
    subscriber_views,
    upload_views,
)
from wem.lists import public_views as public_list_views
from wem.lists import staff_views as staff_upload_views
from wem.lists import views as lists_views
from wem.mailings import (
    answering,
    archive_views,
    block_views,
    brand_views,
    calendar_views,
    compose_views,
    design_views,
    image_choosing_views,
    image_views,
    maintenance_views,
    moving_views,
    page_look_views,
    preview_views,
    progress_views,
    public_image_views,
    public_look_views,
    reply_views,
    resend_views,
    result_views,
    review_staff_views,
    send_views,
    settings_views,
    test_copy_views,
    timing_views,
    trial_views,
)
from wem.mailings import views as mailings_views
from wem.notices import public_views as public_notice_views
from wem.notices import staff_incident_views, staff_letter_views
from wem.notices import staff_views as staff_notice_views
from wem.notices import views as notice_views
from wem.operating import staff_views as staff_operation_views
from wem.operating import views as operation_views
from wem.privacy import news_staff_views, purpose_staff_views
from wem.privacy import public_views as public_privacy_views
from wem.privacy import staff_views as staff_privacy_views
from wem.privacy import views as data_use_views
from wem.privacy.looking_views import set_up_looking
from wem.public import health_views
from wem.public import staff_views as staff_text_views
from wem.public import views as public_views
from wem.segments import views as segment_views
from wem.sender_names import staff_views as staff_sender_name_views
from wem.sender_names import views as sender_name_views
from wem.sequences import control_views as sequence_control_views
from wem.sequences import step_views as sequence_step_views
from wem.sequences import views as sequence_views
from wem.settings import ROOT
from wem.staff import views as staff_views
from wem.tracking import public_views as public_tracking_views
from wem.web.blueprints import OpenBlueprint
from wem.web.context import set_up_context
from wem.web.errors import set_up_errors
from wem.web.form_texts import set_up_form_texts
from wem.web.headers import set_up_headers
from wem.web.htmx import set_up_htmx
from wem.web.limits import set_up_limits
from wem.web.numbers import set_up_numbers
from wem.web.origins import Origin, guard_origins
from wem.web.reading import set_up_reading
from wem.web.session import set_up_sessions

csrf = CSRFProtect()
migrate = Migrate(render_as_batch=True, compare_type=True)
BLUEPRINTS: tuple[OpenBlueprint, ...] = (
    health_views.blueprint,
    public_views.blueprint,
    public_views.robots_blueprint,
    staff_text_views.blueprint,
    accounts_views.blueprint,
    account_views.blueprint,
    team_views.blueprint,
    staff_people_views.blueprint,
    dashboard_views.blueprint,
    contract_views.blueprint,
    staff_contract_views.blueprint,
    filing_views.blueprint,
    made_request_views.blueprint,
    request_views.blueprint,
    staff_change_views.blueprint,
    staff_arrears_views.blueprint,
    staff_debit_views.blueprint,
    staff_payment_views.blueprint,
    staff_refund_views.blueprint,
    staff_statement_views.blueprint,
    staff_write_off_views.blueprint,
    staff_method_views.blueprint,
    staff_price_views.blueprint,
    staff_receipt_views.blueprint,
    invoice_views.blueprint,
    staff_invoice_views.blueprint,
    staff_invoice_views.act_blueprint,
    staff_correction_views.blueprint,
    staff_assigning_views.blueprint,
    staff_month_views.blueprint,
    staff_erasure_views.blueprint,
    staff_erasure_views.act_blueprint,
    staff_catalogue_views.blueprint,
    staff_offer_views.blueprint,
    staff_mandate_views.blueprint,
    staff_mandate_views.revealing_blueprint,
    staff_ending_views.blueprint,
    staff_request_views.blueprint,
    staff_request_views.act_blueprint,
    staff_filing_views.blueprint,
    staff_termination_views.blueprint,
    staff_revocation_views.blueprint,
    staff_void_views.blueprint,
    staff_views.blueprint,
    staff_views.watch_blueprint,
    application_views.blueprint,
    credential_views.blueprint,
    emergency_views.blueprint,
    emergency_staff_views.blueprint,
    page_views.blueprint,
    page_staff_views.blueprint,
    application_staff_views.blueprint,
    application_money_views.blueprint,
    application_paper_views.blueprint,
    application_partner_views.blueprint,
    notice_views.blueprint,
    public_notice_views.blueprint,
    staff_notice_views.blueprint,
    staff_notice_views.writing_blueprint,
    staff_letter_views.blueprint,
    staff_incident_views.blueprint,
    lists_views.blueprint,
    blank_views.blueprint,
    domain_views.blueprint,
    list_sender_views.blueprint,
    staff_domain_views.blueprint,
    field_views.blueprint,
    subscriber_views.blueprint,
    upload_views.blueprint,
    staff_upload_views.blueprint,
    inquiry_views.blueprint,
    inquiry_order_views.blueprint,
    staff_inquiry_views.blueprint,
    staff_inquiry_act_views.blueprint,
    staff_inbound_views.blueprint,
    public_list_views.blueprint,
    public_archive_views.blueprint,
    public_link_views.blueprint,
    public_mail_views.blueprint,
    public_preference_views.blueprint,
    public_tracking_views.blueprint,
    segment_views.blueprint,
    sender_name_views.blueprint,
    staff_sender_name_views.blueprint,
    sequence_views.blueprint,
    sequence_step_views.blueprint,
    sequence_control_views.blueprint,
    mailings_views.blueprint,
    resend_views.blueprint,
    trial_views.blueprint,
    compose_views.blueprint,
    block_views.blueprint,
    brand_views.blueprint,
    design_views.blueprint,
    image_choosing_views.blueprint,
    image_views.blueprint,
    public_image_views.blueprint,
    page_look_views.blueprint,
    settings_views.blueprint,
    public_look_views.blueprint,
    preview_views.blueprint,
    maintenance_views.blueprint,
    timing_views.blueprint,
    calendar_views.blueprint,
    moving_views.blueprint,
    test_copy_views.blueprint,
    send_views.blueprint,
    archive_views.blueprint,
    progress_views.blueprint,
    result_views.blueprint,
    review_staff_views.blueprint,
    bounce_views.blueprint,
    staff_bounce_views.blueprint,
    reply_views.blueprint,
    report_views.blueprint,
    staff_case_views.blueprint,
    staff_act_views.blueprint,
    staff_report_views.blueprint,
    staff_claim_views.blueprint,
    staff_privacy_views.blueprint,
    staff_privacy_views.look_blueprint,
    purpose_staff_views.blueprint,
    news_staff_views.blueprint,
    public_privacy_views.blueprint,
    public_privacy_views.stop_blueprint,
    data_use_views.blueprint,
    staff_operation_views.blueprint,
    operation_views.blueprint,
)


def set_up_site(app: Flask) -> None:
    """Give the application its pages on both origins, and what upgrades its database."""
    app.config["MAX_CONTENT_LENGTH"] = 210 * 1024 * 1024
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # as long as the sign-in
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 31_536_000  # addresses of static files carry their version
    migrate.init_app(app, db, directory=str(ROOT / "migrations"))
    set_up_numbers(app)
    set_up_reading(app)
    set_up_form_texts(app)
    set_up_sessions(app)
    guard_origins(app)
    csrf.init_app(app)
    set_up_htmx(app)
    set_up_limits(app)
    set_up_headers(app)
    set_up_context(app, {"/replies": answering.unread, "/inquiries": inquiry_answering.unread})
    set_up_looking(app)
    set_up_errors(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
        if blueprint.origin is Origin.public:
            csrf.exempt(blueprint)  # no session there; forms carry signed tokens
    if hops := int(app.config["WEM"].TRUSTED_PROXIES):
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
