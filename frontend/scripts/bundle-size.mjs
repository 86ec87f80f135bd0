// The budget of the first load: what index.html names plus everything those files import, compressed with brotli.
import { readdirSync, readFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";

const INITIAL_BUDGET = 130_000;
const SEARCH_BUDGET = 180_000;
const dist = new URL("../dist/", import.meta.url);
const size = (path) => brotliCompressSync(readFileSync(new URL(path, dist))).length;
const importsOf = (path) =>
  [...readFileSync(new URL(path, dist), "utf8").matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g)].map(
    (match) => `assets/${match[1]}`,
  );

function closure(entries) {
  const seen = new Set();
  const queue = [...entries];
  for (let path = queue.pop(); path; path = queue.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    queue.push(...importsOf(path));
  }
  return [...seen];
}

const html = readFileSync(new URL("index.html", dist), "utf8");
const entries = [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map((match) => match[1]);
const total = (paths) => paths.reduce((sum, path) => sum + size(path), 0);
const searchChunks = readdirSync(new URL("assets/", dist))
  .filter((name) => /^(search|_app)-.*\.js$/.test(name))
  .map((name) => `assets/${name}`);
const initial = total(closure(entries));
const search = total(closure([...entries, ...searchChunks]));
const styles = total([...html.matchAll(/href="\/(assets\/[^"]+\.css)"/g)].map((match) => match[1]));
process.stdout.write(`brotli bytes: initial JS ${initial}, search route ${search}, styles ${styles}\n`);
if (initial > INITIAL_BUDGET || search > SEARCH_BUDGET) {
  process.stderr.write(`Over budget: initial ${INITIAL_BUDGET}, search ${SEARCH_BUDGET}.\n`);
  process.exit(1);
}
