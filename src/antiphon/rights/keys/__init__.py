"""Content keys: made once, sealed under data keys, which a key-encryption key wraps."""
