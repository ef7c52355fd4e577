"""Request limits, kept in Redis, in memory while Redis is away."""

from __future__ import annotations

from flask import Flask, request
from flask_limiter import Limiter

from wem.web.session import current_account


def who() -> str:
    """Return whom a limit counts: the person signed in, else the network address."""
    account = current_account()
    return f"account:{account.id}" if account else f"ip:{request.remote_addr}"


limiter = Limiter(who, headers_enabled=False, in_memory_fallback_enabled=True, strategy="moving-window")


def set_up_limits(app: Flask) -> None:
    config = app.config["WEM"]
    app.config.update(
        RATELIMIT_STORAGE_URI=config.redis_url.replace("unix://", "redis+unix://"),
        RATELIMIT_STORAGE_OPTIONS={"socket_connect_timeout": 1},
        RATELIMIT_SWALLOW_ERRORS=True,
    )
    limiter.init_app(app)
