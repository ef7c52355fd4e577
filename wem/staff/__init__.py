"""Staff's start page, queues and audit trail."""
