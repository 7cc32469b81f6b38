"""From a position to a gain for each loudspeaker (BS.2127, sections 6 and 7.3)."""
