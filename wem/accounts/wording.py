"""What the roles of customers' people and of staff are called."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from wem.accounts.rules import Role, StaffRole

ROLES = {
    Role.owner: _l("Owner"),
    Role.editor: _l("Editor"),
    Role.delegate: _l("Delegate"),
    Role.viewer: _l("Viewer"),
}
STAFF_ROLES = {
    StaffRole.admin: _l("Administrator"),
    StaffRole.contracts: _l("Contract desk"),
    StaffRole.billing: _l("Billing"),
    StaffRole.support: _l("Support"),
    StaffRole.operations: _l("Operations"),
}
