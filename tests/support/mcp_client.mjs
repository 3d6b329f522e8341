// mcp_client.mjs: the official client of the Model Context Protocol: takes steps as JSON on standard input, does
// them one after the other, and prints what came of each, what the person was asked, and what was noticed.
//
//   {url, key} or {command: [...]}, name, version, elicits: null or answers of the person in order,
//   steps: [{method, params, progress?, releases?: a file to remove when the server has the request},
//           {sleep: "notice"}]
import { unlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.env.MODULES + "/");
const load = async (name) => import(pathToFileURL(require.resolve("@modelcontextprotocol/sdk/" + name)));
const { Client } = await load("client/index.js");
const { StdioClientTransport } = await load("client/stdio.js");
const { StreamableHTTPClientTransport } = await load("client/streamableHttp.js");
const { ElicitRequestSchema, ResultSchema, ResourceUpdatedNotificationSchema } = await load("types.js");

const text = await new Promise((done) => {
  let all = "";
  process.stdin.on("data", (part) => (all += part)).on("end", () => done(all));
});
const plan = JSON.parse(text);
const client = new Client({ name: plan.name ?? "spec", version: "1" },
  { capabilities: plan.elicits ? { elicitation: {} } : {} });
const asked = [], updated = [], progress = [];
let noticed = () => {};
if (plan.elicits)
  client.setRequestHandler(ElicitRequestSchema, async (request) => {
    asked.push(request.params);
    return plan.elicits[asked.length - 1] ?? { action: "cancel" };
  });
client.setNotificationHandler(ResourceUpdatedNotificationSchema, (notice) => {
  updated.push(notice.params.uri);
  noticed();
});
const transport = plan.url
  ? new StreamableHTTPClientTransport(new URL(plan.url), { requestInit: { headers: { Authorization: "Bearer " + plan.key } } })
  : new StdioClientTransport({ command: plan.command[0], args: plan.command.slice(1), env: process.env, stderr: "inherit" });
await client.connect(transport);

const methods = {
  "tools/call": (params, options) => client.callTool(params, undefined, options),
  "tools/list": () => client.listTools(),
};
async function perform(step) {
  if (step.sleep) {
    if (updated.length === 0) await new Promise((done) => (noticed = done));
    return { updated: updated.splice(0) };
  }
  const options = { timeout: 60000, ...(step.progress && { onprogress: (one) => progress.push(one) }) };
  const done = methods[step.method];
  try {
    const answer = done ? done(step.params, options)
      : client.request({ method: step.method, params: step.params }, ResultSchema, options);
    if (step.releases) client.ping().then(() => unlinkSync(step.releases));
    return await answer;
  } catch (err) {
    return { error: { code: err.code, message: err.message } };
  }
}
const results = [];
for (const step of plan.steps) results.push(await perform(step));
const server = client.getServerVersion(), capabilities = client.getServerCapabilities();
if (plan.url) await transport.terminateSession();
await client.close();
console.log(JSON.stringify({ results, asked, progress, server, capabilities, instructions: client.getInstructions() }));
