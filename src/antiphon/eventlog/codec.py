"""Events to envelopes and back."""

from collections.abc import Iterable

import msgspec

from antiphon.kernel import Clock, Corrupt, Envelope, Event, Invalid, random_id


def encode_event(event: Event, *, clock: Clock, event_id: str | None = None) -> Envelope:
    """Return the envelope in which ``event`` travels; a fresh id unless one is given."""
    return Envelope(
        event_id=event_id or random_id(),
        type_name=event.type_name,
        version=event.version,
        key=event.key,
        occurred_at=clock.now(),
        payload=msgspec.json.encode(event),
    )


class EventTypes:
    """The event classes that a consumer understands, by type name."""

    def __init__(self, *classes: type[Event]) -> None:
        self._decoders: dict[str, tuple[int, msgspec.json.Decoder[Event]]] = {}
        for cls in classes:
            if cls.type_name in self._decoders:
                raise Invalid(f"Two event classes are called {cls.type_name}.")
            self._decoders[cls.type_name] = (cls.version, msgspec.json.Decoder(cls))

    def __add__(self, other: "EventTypes") -> "EventTypes":
        """Return the types of both."""
        both = EventTypes()
        both._decoders = self._decoders | other._decoders
        return both

    def names(self) -> Iterable[str]:
        """Return the type names, sorted."""
        return sorted(self._decoders)

    def decode(self, envelope: Envelope) -> Event | None:
        """Return the event, None for a type that is not ours; ``Corrupt`` where it is damaged."""
        version, decoder = self._decoders.get(envelope.type_name, (0, None))
        if decoder is None:
            return None
        if envelope.version > version:
            raise Corrupt(f"Event {envelope.event_id} was written by a newer version of Antiphon.")
        try:
            return decoder.decode(envelope.payload)
        except msgspec.DecodeError as fault:
            raise Corrupt(f"Event {envelope.event_id} cannot be read: {fault}.") from fault
