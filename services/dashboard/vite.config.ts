import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// The development server asks a running API; a build is served by the API itself.
const API = process.env.WERKNETZ_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2023",
    assetsInlineLimit: 0, // the Content-Security-Policy allows no data: addresses
    sourcemap: false,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": API } },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
