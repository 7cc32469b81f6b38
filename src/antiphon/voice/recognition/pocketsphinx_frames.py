"""What goes through the pipe to a decoder: a letter, the length of the body, the body."""

import struct

__all__ = ["HEADER"]

HEADER = struct.Struct(">cI")
