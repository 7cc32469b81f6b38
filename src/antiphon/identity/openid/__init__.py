"""Signing in by way of an OpenID provider: Antiphon as relying party (OpenID Connect Core)."""
