"""The sound: decoding, loudness, the ladder, packaging as CMAF, and the jobs that do it.

Importing this face is cheap: FFmpeg and the numeric libraries load where a worker runs.
"""

import asyncio

from antiphon.audio.boxes import Box, find_box, read_boxes
from antiphon.audio.capacity import Amount, Capacity, measure
from antiphon.audio.census import MEDIA, Census, stores_of
from antiphon.audio.cmaf import read_units
from antiphon.audio.encryption import ContentKey, SampleCipher
from antiphon.audio.erasing import PackageEraser
from antiphon.audio.events import RecordingReady
from antiphon.audio.jobs import WAKE_CHANNEL, AudioJobs, DeadJob, Job, JobKind
from antiphon.audio.keeper import MediaKeeper, Pace, Tidied
from antiphon.audio.ladder import is_rendered_from
from antiphon.audio.model import (
    CORE_SPATIAL_RUNGS,
    SPATIAL_RUNGS,
    STEREO_RUNGS,
    AccessUnit,
    Coding,
    Loudness,
    Measure,
    Package,
    Rendition,
    Rung,
    Segment,
    SpatialKind,
)
from antiphon.audio.ports import AudioWorker, Catalogue, ContentKeys, ready_channel
from antiphon.audio.projection import JobProjection
from antiphon.audio.reducing import PackageReducer
from antiphon.audio.repackaging import Repackager
from antiphon.audio.rules import (
    AAC_FRAME,
    AAC_PRIMING,
    aac_rate,
    segment_length,
    segment_samples,
)
from antiphon.audio.store import TABLE as PACKAGES
from antiphon.audio.store import PackageStore, PackageWriter, Progress
from antiphon.audio.tiers import Plays, TierRules

__all__ = [
    "AAC_FRAME",
    "AAC_PRIMING",
    "CORE_SPATIAL_RUNGS",
    "MEDIA",
    "PACKAGES",
    "SPATIAL_RUNGS",
    "STEREO_RUNGS",
    "WAKE_CHANNEL",
    "AccessUnit",
    "Amount",
    "AudioJobs",
    "AudioWorker",
    "Box",
    "Capacity",
    "Catalogue",
    "Census",
    "Coding",
    "ContentKey",
    "ContentKeys",
    "DeadJob",
    "Job",
    "JobKind",
    "JobProjection",
    "Loudness",
    "Measure",
    "MediaKeeper",
    "Pace",
    "Package",
    "PackageEraser",
    "PackageReducer",
    "PackageStore",
    "PackageWriter",
    "Plays",
    "Progress",
    "RecordingReady",
    "Rendition",
    "Repackager",
    "Rung",
    "SampleCipher",
    "Segment",
    "SpatialKind",
    "Tidied",
    "TierRules",
    "aac_rate",
    "find_box",
    "is_rendered_from",
    "measure",
    "read_boxes",
    "read_units",
    "ready_channel",
    "run_worker",
    "segment_length",
    "segment_samples",
    "stores_of",
]


async def run_worker(worker: AudioWorker, stop: asyncio.Event) -> None:
    """Do audio jobs until ``stop``."""
    from antiphon.audio.worker import Worker  # noqa: PLC0415 - loads FFmpeg: in workers only

    await Worker(worker).run(stop)
