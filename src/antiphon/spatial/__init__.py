"""Spatial: from a scene to loudspeakers, ambisonics and ears. Pure: no I/O, no clock, no chance."""

__all__: list[str] = []
