import react from "@vitejs/plugin-react";
import compile from "icu-minify/compile";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// The development server asks a running API; a build is served by the API itself.
const API = process.env.WERKNETZ_URL ?? "http://127.0.0.1:8080";

const TEXTS = /\/i18n\/(\w+)\/\w+\.json$/;

/** Messages are parsed when the page is built: the parser is a tenth of what a browser loads first. */
const compiledTexts: Plugin = {
  name: "compiled-texts",
  enforce: "pre",
  transform(code, id) {
    if (!TEXTS.test(id)) return null;
    return JSON.stringify(compiled(JSON.parse(code)));
  },
};

function compiled(texts: object): object {
  return Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [
      key,
      typeof text === "string" ? compile(text) : compiled(text),
    ]),
  );
}

/** Texts have their language in their names: tests of sizes count them. */
function nameOf(module: string | null | undefined): string {
  const text = TEXTS.exec(module ?? "");
  return text === null ? "assets/[name]-[hash].js" : `assets/text-${text[1]}-[name]-[hash].js`;
}

export default defineConfig({
  plugins: [react(), compiledTexts],
  resolve: { alias: { "use-intl/format-message": "use-intl/format-message/format-only" } },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0, // the Content-Security-Policy allows no data: addresses
    sourcemap: false,
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { chunkFileNames: ({ facadeModuleId }) => nameOf(facadeModuleId) } },
  },
  server: { proxy: { "/api": API } },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
