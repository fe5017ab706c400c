"""The web application for ASGI servers: ``uvicorn api:app``. It serves this machine only; ``spag4d serve`` can do more."""

from spag4d.web.app import create_app

app = create_app()
