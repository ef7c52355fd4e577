"""The engine: dispatches, batches, deliveries; sending, retrying, recovering; drains the outbox."""
