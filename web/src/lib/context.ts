/** What every component may ask for, put together once in `main.ts`. */

import { getContext } from "svelte";
import type { AccountApi } from "../api/account";
import type { CatalogApi } from "../api/catalog";
import type { HouseholdsApi } from "../api/households";
import type { LibraryApi } from "../api/library";
import type { RightsApi } from "../api/rights";
import type { SignInsApi } from "../api/signIns";
import type { SpatialApi } from "../api/spatial";
import type { Asking } from "../features/voice/asking.svelte";
import type { Collection } from "../features/library/collection.svelte";
import type { Player } from "../features/player/player.svelte";
import type { Session } from "../features/welcome/session.svelte";
import type { Dialogs } from "./dialogs.svelte";
import type { Menus } from "./menus.svelte";
import type { Head } from "../features/spatial/head.svelte";
import type { Preferences } from "./preferences.svelte";
import type { Memory } from "./remote.svelte";
import type { Router } from "./router.svelte";
import type { Toasts } from "./toasts.svelte";

export interface App {
  account: AccountApi;
  households: HouseholdsApi;
  signIns: SignInsApi;
  catalog: CatalogApi;
  library: LibraryApi;
  rights: RightsApi;
  spatial: SpatialApi;
  collection: Collection;
  player: Player;
  head: Head;
  asking: Asking;
  session: Session;
  router: Router;
  preferences: Preferences;
  memory: Memory;
  menus: Menus;
  dialogs: Dialogs;
  toasts: Toasts;
}

export const APP = Symbol("app");

export function useApp(): App {
  return getContext<App>(APP);
}
