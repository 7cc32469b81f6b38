"""From an object's block to gains (BS.2127, section 7)."""
