"""Renders a job with EBU's `ear`, in an environment of its own: ``python render.py JOB.json``.

A job names a ``layout``, an ``output`` (.npy, float64) and a ``block`` size, and either a ``scene``
(the values of ``antiphon.spatial.scene`` as JSON) with its ``audio`` (.npy), or an ``adm`` file; of
that the scene as `ear` understands it is written to ``scene_output``. ``positions`` moves
loudspeakers. CPU seconds of rendering go to standard output as JSON.
"""

import json
import sys
import time
import warnings

import numpy as np
from attr import evolve
from ear.core import Renderer, bs2051
from ear.core.geom import PolarPosition
from ear.core.metadata_processing import preprocess_rendering_items
from ear.core.select_items import select_rendering_items
from ear.fileio import openBw64Adm
from ear.fileio.adm import timing_fixes
from items import items_of_scene
from scenes import scene_of_items


def main():
    warnings.simplefilter("ignore")
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    if "adm" in job:
        items, audio, rate = read_adm(job)
    else:
        items, audio = items_of_scene(job["scene"]), np.load(job["audio"])
        rate = job["scene"]["sample_rate"]
    renderer = Renderer(layout_of(job))
    renderer.set_rendering_items(items)
    began = time.process_time()
    size = job.get("block", 8192)
    blocks = [
        renderer.render(rate, audio[begin : begin + size]) for begin in range(0, len(audio), size)
    ]
    blocks.append(renderer.get_tail(rate, audio.shape[1]))
    spent = time.process_time() - began
    np.save(job["output"], np.concatenate(blocks))
    print(json.dumps({"cpu_s": spent, "seconds": len(audio) / rate}))


def read_adm(job):
    with openBw64Adm(job["adm"]) as file:
        file.adm.validate()
        timing_fixes.check_blockFormat_timings(file.adm, fix=True)
        audio = np.concatenate(list(file.iter_sample_blocks(65536)))
        rate = file.sampleRate
        items = preprocess_rendering_items(select_rendering_items(file.adm))
        scene = scene_of_items(items, audio.shape[1], rate)
    with open(job["scene_output"], "w", encoding="utf-8") as out:
        json.dump(scene, out)
    np.save(job["audio"], audio)
    return items_of_scene(scene) if job.get("from_scene") else items_again(job), audio, rate


def items_again(job):
    """Select once more: the first items' metadata were used up in writing the scene."""
    with openBw64Adm(job["adm"]) as file:
        timing_fixes.check_blockFormat_timings(file.adm, fix=True)
        return preprocess_rendering_items(select_rendering_items(file.adm))


def layout_of(job):
    layout = bs2051.get_layout(job["layout"])
    moved = job.get("positions", {})
    channels = [
        evolve(channel, polar_position=PolarPosition(*moved[channel.name], 1.0))
        if channel.name in moved
        else channel
        for channel in layout.channels
    ]
    return evolve(layout, channels=channels)


if __name__ == "__main__":
    main()
