import { defineConfig } from "@hey-api/openapi-ts";

// The contract is committed by the API; `npm run client` turns it into src/client, which is committed too.
export default defineConfig({
  input: process.env.OPENAPI ?? "../api/openapi.json",
  output: { path: "src/client" },
  plugins: [{ name: "@hey-api/client-fetch", throwOnError: true }, "@hey-api/typescript", "@hey-api/sdk"],
});
