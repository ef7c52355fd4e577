"""The web application."""

from wem import create_app

app = create_app()
