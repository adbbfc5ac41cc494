"""Entra: sign-in, consent, tokens, discovery, and the managed identity endpoint of App Service."""
