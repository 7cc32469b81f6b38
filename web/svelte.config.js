import { vitePreprocess } from "@sveltejs/vite-plugin-svelte";

/** Components' styles go to hashed files: the page's policy allows no inline style. */
export default {
  preprocess: vitePreprocess(),
  compilerOptions: { runes: true, css: "external" },
};
