"""Archives a log until it is killed; the test beside it counts what is in the archive then."""

import asyncio
import sys
from pathlib import Path

from antiphon.archive import ArchiveFeed, Shelf
from antiphon.eventlog import open_eventlog
from antiphon.storage import open_objects, open_tables


async def main(folder: Path, most: int) -> None:
    log = open_eventlog(f"lmdb:{folder / 'log'}")
    shelf = Shelf(open_objects(f"file:{folder / 'objects'}"), open_tables(f"lmdb:{folder / 't'}"))
    feed = ArchiveFeed(log, "plays", shelf, most=most)
    print("begun", flush=True)
    await feed.run(asyncio.Event(), every=0.05)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
