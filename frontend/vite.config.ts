import tailwindcss from "@tailwindcss/vite";
import { tanstackRouter } from "@tanstack/router-plugin/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const api = process.env.TIDINGS_API ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [tanstackRouter({ target: "react", autoCodeSplitting: true }), react(), tailwindcss()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  // The server's policy allows files from itself only: nothing may become a data: address.
  build: { assetsInlineLimit: 0, target: "es2023", modulePreload: { polyfill: false } },
  server: { proxy: { "/v1": { target: api, changeOrigin: false } } },
});
