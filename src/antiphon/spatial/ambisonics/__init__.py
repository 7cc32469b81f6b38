"""Scenes as spherical harmonics (BS.2127, section 9)."""
