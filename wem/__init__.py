"""WeM: an e-mail delivery service with contracts."""

from __future__ import annotations

import json
import logging
from functools import partial

from flask import Flask

from wem import models as models
from wem import settings as settings_module
from wem.db import db, open_as_we_need, quote_no_values
from wem.settings import ROOT, Settings
from wem.web.compiled_templates import keep_compiled_templates
from wem.web.filters import set_up_filters
from wem.web.languages import set_up_languages


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application with its pages.

    Raises SettingsError when the settings cannot be right.
    """
    # Here, not above: a worker has no use for what the pages load, a sixth of its memory.
    from wem.site import set_up_site

    app = create_worker_app(settings)
    set_up_site(app)
    return app


def create_worker_app(settings: Settings | None = None) -> Flask:
    """Return the application as far as jobs need it: settings, database, mails and their languages.

    Raises SettingsError when the settings cannot be right.
    """
    config = settings or settings_module.load()
    logging.basicConfig(level=config.LOG_LEVEL, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    app = Flask("wem", root_path=str(ROOT / "wem"), template_folder=ROOT / "templates", static_folder=ROOT / "static")
    app.config["WEM"] = config
    app.config["SQLALCHEMY_DATABASE_URI"] = config.database_url
    # Japanese keys as themselves: SQLite's JSON functions do not find escaped ones.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "json_serializer": partial(json.dumps, ensure_ascii=False),
        "hide_parameters": True,
    }
    if config.database_url.startswith("sqlite:///"):
        config.var.mkdir(parents=True, exist_ok=True)
    db.init_app(app)
    with app.app_context():
        open_as_we_need(db.engine, config.SQLITE_SYNCHRONOUS)
        quote_no_values(db.engine)
    set_up_languages(app)
    set_up_filters(app)
    keep_compiled_templates(app)
    return app
