"""Label messages (DDEX ERN 3.8.2, 4.1.1, 4.3, 4.3.2) read into one model that knows no version."""

from antiphon.rights.ern.reading import Reading, read_message

__all__ = ["Reading", "read_message"]
