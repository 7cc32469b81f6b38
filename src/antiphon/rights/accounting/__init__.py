"""Plays counted once, stated to whom they are owed, and a log of who changed what."""
