/** The browser's own recognition of speech, where it has one. */

/** What was heard so far; `final` once the listener has stopped speaking. */
export interface Heard {
  readonly hypotheses: readonly string[];
  readonly final: boolean;
}

export interface Listening {
  stop: () => void;
}

interface Alternative {
  readonly transcript: string;
}

interface RecognitionEvent {
  readonly results: ArrayLike<ArrayLike<Alternative> & { readonly isFinal: boolean }>;
}

interface Recognition {
  lang: string;
  interimResults: boolean;
  maxAlternatives: number;
  onresult: ((event: RecognitionEvent) => void) | null;
  onerror: ((event: { readonly error: string }) => void) | null;
  onend: (() => void) | null;
  start: () => void;
  abort: () => void;
  stop: () => void;
}

type RecognitionClass = new () => Recognition;

/** Told by a browser whose recogniser cannot be reached, may not be used, or gets no sound where the page may well record. */
const OUT_OF_REACH = new Set(["network", "service-not-allowed", "language-not-supported", "audio-capture"]);

const WHY: Readonly<Record<string, string>> = {
  "not-allowed": "The microphone is not allowed for this page.",
  "service-not-allowed": "This browser does not recognise speech here.",
  "audio-capture": "There is no microphone.",
  "no-speech": "Nothing was heard.",
  network: "The browser's speech recognition cannot be reached.",
};

/** The browser's recogniser, or null where it has none. */
export function recognitionOf(scope: object): RecognitionClass | null {
  const found = scope as { SpeechRecognition?: RecognitionClass; webkitSpeechRecognition?: RecognitionClass };
  return found.SpeechRecognition ?? found.webkitSpeechRecognition ?? null;
}

/** Listen to one sentence. `onend` comes once, with the reason where nothing came of it. */
export function listen(
  Recogniser: RecognitionClass,
  language: string,
  on: { heard: (heard: Heard) => void; end: (why: string | null, outOfReach: boolean) => void },
): Listening {
  const recognition = new Recogniser();
  recognition.lang = language;
  recognition.interimResults = true;
  recognition.maxAlternatives = 5;
  let why: string | null = null;
  let outOfReach = false;
  recognition.onresult = ({ results }) => {
    const last = results[results.length - 1];
    if (last) on.heard({ hypotheses: Array.from(last, ({ transcript }) => transcript.trim()), final: last.isFinal });
  };
  recognition.onerror = ({ error }) => {
    if (error !== "aborted") why = WHY[error] ?? "Speech could not be recognised.";
    outOfReach = OUT_OF_REACH.has(error);
  };
  recognition.onend = () => on.end(why, outOfReach);
  recognition.start();
  return { stop: () => recognition.stop() };
}
