"""The console: pages, and later the REST API, as one ASGI application. Its module `web` brings the web framework."""
