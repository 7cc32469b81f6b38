import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const SERVER = "http://127.0.0.1:8484";
const SERVED_ELSEWHERE = ["/v1", "/hls", "/artwork", "/livez", "/readyz"];

export default defineConfig({
  plugins: [svelte()],
  base: "/",
  publicDir: "public",
  build: {
    outDir: "../src/antiphon/app/player",
    emptyOutDir: true,
    target: "es2022",
    // Nothing inline: the page's policy allows scripts, styles and images from files only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The fallback engine is a chunk of its own, loaded by the few browsers that need it.
    chunkSizeWarningLimit: 900,
  },
  server: {
    host: "127.0.0.1",
    port: 5173,
    proxy: Object.fromEntries(SERVED_ELSEWHERE.map((path) => [path, { target: SERVER }])),
  },
  test: {
    include: ["src/**/*.test.ts"],
    environment: "node",
    restoreMocks: true,
  },
});
