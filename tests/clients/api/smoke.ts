// smoke.ts URL KEY: what the generated TypeScript client (openapi-typescript, openapi-fetch) makes of a server, as one JSON line.
// It is compiled with --strict: an answer that is not what the document promises does not compile.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const [baseUrl, key] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl, headers: { Authorization: "Bearer " + key } });
const seen: Record<string, unknown> = {};

type Problem = components["schemas"]["Problem"];

function unwrap<T>(answer: { data?: T; error?: unknown }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

const health = unwrap(await client.GET("/health"));
seen.health = health.ready;

const card = { id: "ts-1", parent_id: "ep", name: "From TypeScript", seat: "dev" };
const once = { "Idempotency-Key": "ts" };
const made = unwrap(await client.POST("/v1/cards", { params: { header: once }, body: card }));
const again = unwrap(await client.POST("/v1/cards", { params: { header: once }, body: card }));
seen.made = made.revision;
seen.once = made.revision === again.revision && made.file === again.file;

const path = { id: "ts-1" };
const changed = unwrap(await client.PATCH("/v1/cards/{id}", {
  params: { path, header: { "If-Match": `"${made.revision}"` } }, body: { description: "of a client" } }));
seen.changed = changed.revision;
const late = await client.PATCH("/v1/cards/{id}", { params: { path, query: { revision: made.revision } }, body: { description: "late" } });
const problem: Problem | undefined = late.error;
seen.stale = [late.response.status, problem?.code];

// @ts-expect-error a card has an id
const unfit = await client.POST("/v1/cards", { body: { name: "x" } });
seen.unfit = [unfit.response.status, unfit.error?.errors?.[0].path];
seen.missing = (await client.GET("/v1/cards/{id}", { params: { path: { id: "nix" } } })).response.status;

const board = unwrap(await client.GET("/v1/board"));
const row: components["schemas"]["CardRow"] | undefined = board.cards.find((one) => one.id === "ts-1");
seen.row = [row?.type, row?.status, row?.epic];

const run = unwrap(await client.POST("/v1/cards/{id}/execute", { params: { path: { id: "ep" } }, body: {} })).run;
let status = "running";
for (let i = 0; i < 200 && status === "running"; i++) {
  await new Promise((wake) => setTimeout(wake, 100));
  status = unwrap(await client.GET("/v1/runs/{id}", { params: { path: { id: run } } })).status;
}
seen.run = status;
const events = unwrap(await client.GET("/v1/runs/{id}/events", { params: { path: { id: run }, query: { limit: 3 } } }));
if (typeof events === "string") throw new Error("no JSON was asked for");
seen.events = events.items.every((event) => event.run === run || event.run === "board") && events.items.length === 3;
console.log(JSON.stringify(seen));
