/** A sentence recorded in the page, for the server to hear. */

import type { Listening } from "./listening";

const LONGEST_MS = 15_000;

/** Whether this page can record: a secure page, a microphone, a browser that codes. */
export function canRecord(scope: Window & typeof globalThis): boolean {
  return "MediaRecorder" in scope && "mediaDevices" in scope.navigator;
}

/** Record until stopped, fifteen seconds at most; `end` comes once, with the sound or the reason why there is none. */
export function record(
  devices: MediaDevices,
  on: { sound: (sound: Blob) => void; failed: (why: string) => void },
): Listening {
  let recorder: MediaRecorder | null = null;
  let stopped = false;
  devices
    .getUserMedia({ audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true } })
    .then((stream) => {
      const parts: Blob[] = [];
      recorder = new MediaRecorder(stream);
      recorder.ondataavailable = ({ data }) => void parts.push(data);
      recorder.onstop = () => {
        for (const track of stream.getTracks()) track.stop();
        on.sound(new Blob(parts, { type: recorder?.mimeType ?? "" }));
      };
      recorder.start();
      if (stopped) recorder.stop();
      else setTimeout(() => stopNow(), LONGEST_MS);
    })
    .catch((error: unknown) => {
      on.failed(error instanceof DOMException && error.name === "NotAllowedError" ? "The microphone is not allowed for this page." : "There is no microphone.");
    });

  function stopNow(): void {
    stopped = true;
    if (recorder?.state === "recording") recorder.stop();
  }
  return { stop: stopNow };
}
