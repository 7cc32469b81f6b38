"""From blocks of samples to blocks for loudspeakers (BS.2127, section 5.2)."""
