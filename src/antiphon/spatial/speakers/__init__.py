"""Channels that are meant for a loudspeaker (BS.2127, section 8)."""
