"""Signing in with OpenID Connect: authorization code flow with PKCE at the company's provider."""
