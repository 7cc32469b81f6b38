from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class Noting:
    """An audit log in memory."""

    entries: list[tuple[str, str, str, dict[str, str]]] = field(default_factory=list)

    async def append(
        self, actor: str, action: str, subject: str, details: Mapping[str, str] | None = None, /
    ) -> None:
        self.entries.append((actor, action, subject, dict(details or {})))

    def actions(self) -> list[str]:
        return [action for _, action, _, _ in self.entries]
