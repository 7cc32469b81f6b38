/** Puts the player together and starts it. */

import { mount } from "svelte";
import "./styles/base.css";
import { AccountApi, type Me } from "./api/account";
import { CatalogApi } from "./api/catalog";
import { ApiClient, type Exclusively } from "./api/client";
import { HouseholdsApi } from "./api/households";
import { LibraryApi } from "./api/library";
import { RightsApi } from "./api/rights";
import { SignInsApi } from "./api/signIns";
import { SpatialApi } from "./api/spatial";
import { VoiceApi } from "./api/voice";
import App from "./App.svelte";
import { createEngine, createTransport } from "./engine";
import { Collection } from "./features/library/collection.svelte";
import { announce } from "./features/player/announcements.svelte";
import { Player } from "./features/player/player.svelte";
import { followPreferences } from "./features/player/preferences.svelte";
import { forgetQueue, rememberQueue, restoreQueue } from "./features/player/remember";
import { Head } from "./features/spatial/head.svelte";
import { Asking } from "./features/voice/asking.svelte";
import { SleepTimer } from "./features/voice/sleepTimer";
import { pageFor, returnedFrom, takeErrand } from "./features/welcome/provider";
import { Session } from "./features/welcome/session.svelte";
import { APP, type App as AppParts } from "./lib/context";
import { Dialogs } from "./lib/dialogs.svelte";
import { Menus } from "./lib/menus.svelte";
import { Preferences } from "./lib/preferences.svelte";
import { Memory } from "./lib/remote.svelte";
import { Router } from "./lib/router.svelte";
import { Toasts } from "./lib/toasts.svelte";
import workletUrl from "./spatial/worklet?worker&url";

/** Locks exist in secure contexts only; over plain HTTP in the house each tab looks after itself. */
const exclusively: Exclusively = async (task) =>
  "locks" in navigator ? ((await navigator.locks.request("antiphon.refresh", task)) as never) : task();

function parts(): AppParts {
  const client = new ApiClient((input, init) => fetch(input, init), exclusively);
  const preferences = new Preferences(localStorage, matchMedia("(prefers-color-scheme: dark)"));
  const { volume, normalisation, crossfadeSeconds, quality, spatial: wish } = preferences.values;
  const spatial = new SpatialApi(client);
  const engine = createEngine({
    transport: createTransport({
      send: (path, options) => client.send(path, options),
      fetch: (input, init) => fetch(input, init),
    }),
    initial: { volume, normalisation, crossfadeMs: crossfadeSeconds * 1000, quality, spatial: wish },
    headTracking: { workletUrl, filters: (rate) => spatial.filters(rate) },
  });
  const toasts = new Toasts();
  const account = new AccountApi(client);
  const households = new HouseholdsApi(client);
  const signIns = new SignInsApi(client);
  const library = new LibraryApi(client);
  const collection = new Collection(library, toasts);
  const player = new Player(engine);
  const router = new Router(window);
  const sleep = new SleepTimer(() => player.dispatch({ type: "pause" }));
  const hands = { collection, player, preferences, router, sleepAfter: (seconds: number | null) => sleep.set(seconds) };
  const app: AppParts = {
    account,
    households,
    signIns,
    catalog: new CatalogApi(client),
    library,
    rights: new RightsApi(client),
    spatial,
    collection,
    player,
    head: new Head((pose) => engine.look(pose)),
    asking: new Asking(new VoiceApi(client), hands, crypto.getRandomValues(new Uint32Array(2)).join("-")),
    session: new Session(account, households, signIns),
    router,
    preferences,
    memory: new Memory(),
    menus: new Menus(),
    dialogs: new Dialogs(),
    toasts,
  };
  app.player.onwithheld = (detail) => toasts.show(detail);
  client.onSignedOut = () => app.session.ended();
  warmUpAtFirstTouch(() => engine.warmUp());
  return app;
}

function start(): void {
  const app = parts();
  const { session, collection, player, memory, menus, dialogs, toasts } = app;
  session.onEntered = (me) => {
    keepPreferencesInStep(app, me);
    void restoreQueue(app, me.id, localStorage);
    collection.load().catch((error: unknown) => toasts.bad(error, "Your library could not be loaded."));
  };
  session.onLeft = () => {
    player.stop();
    forgetQueue(localStorage);
    collection.clear();
    memory.clear();
    menus.close();
    dialogs.close();
  };
  rememberQueue(app, localStorage);
  followPreferences(app.preferences, player);
  announce(player, toasts);
  player.onsong = (songId) => app.asking.playingNow(songId);
  app.router.listen();
  comeBack(app);
  const target = document.getElementById("app");
  if (target) mount(App, { target, context: new Map([[APP, app]]) });
  void session.start();
}

/** Take what a provider sent along out of the address: a code does not stay in the history. */
function comeBack({ router, session }: AppParts): void {
  const returned = returnedFrom(location.pathname, location.search);
  if (returned === null) return;
  const errand = takeErrand(returned.answer.state, sessionStorage);
  session.returned = { ...returned, errand };
  router.go(pageFor(errand), { replace: true });
}

/** A new browser takes over what the account knows; later changes go to the account. */
function keepPreferencesInStep({ account, preferences }: AppParts, { preferences: known }: Me): void {
  const { quality, normalisation } = known;
  if (preferences.fresh) {
    preferences.adopt({ quality, normalisation, theme: known.theme === "system" ? "auto" : known.theme });
  }
  let timer = 0;
  preferences.onChange = ({ theme, ...values }) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      const chosen = theme === "auto" ? ("system" as const) : theme;
      const kept = { quality: values.quality, normalisation: values.normalisation, theme: chosen };
      account.keepPreferences(kept).catch(() => undefined);
    }, 800);
  };
}

function warmUpAtFirstTouch(warmUp: () => void): void {
  for (const type of ["pointerdown", "keydown"] as const) {
    addEventListener(type, () => warmUp(), { once: true, capture: true, passive: true });
  }
}

start();
