// capture.mjs SDK_DIR: what the official clients send for one conversation, as one JSON line: by provider and way
// {method, target, headers, body}. A server that knows nothing takes the requests and hangs up.
import { createServer } from "node:http";
import { createRequire } from "node:module";

const load = createRequire(process.argv[2] + "/");
const answer = {};
let name;
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (piece) => (body += piece));
  request.on("end", () => {
    answer[name] ??= { method: request.method, target: request.url, headers: request.headers, body: JSON.parse(body) };
    response.writeHead(400, { "content-type": "application/json" }).end('{"error":{"message":"seen"}}');
  });
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const url = `http://127.0.0.1:${server.address().port}`;

async function capture(as, act) {
  name = as;
  try {
    for await (const chunk of await act()) void chunk;
  } catch {} // it was seen, or answer[as] is missing
}

const schema = { type: "object", properties: { path: { type: "string" } }, required: ["path"] };
const system = "You are a coder.";

{
  const { OpenAI } = load("openai");
  const client = new OpenAI({ baseURL: url + "/v1", apiKey: "the-key-of-a-test", maxRetries: 0 });
  const call = (id, path) => ({ id, type: "function", function: { name: "read", arguments: JSON.stringify({ path }) } });
  const body = {
    model: "m", max_tokens: 99, temperature: 0.5, stop: ["END"],
    tools: [{ type: "function", function: { name: "read", description: "reads", parameters: schema } }], tool_choice: "required",
    messages: [
      { role: "system", content: system }, { role: "user", content: "Do it." },
      { role: "assistant", content: "I look.", tool_calls: [call("a", "1"), call("b", "2")] },
      { role: "tool", tool_call_id: "a", content: "one" }, { role: "tool", tool_call_id: "b", content: "two" },
    ],
  };
  await capture("openai", () => client.chat.completions.create({ ...body, stream: true, stream_options: { include_usage: true } }));
  await capture("openai_whole", () => client.chat.completions.create({ ...body, stream: false }));
}

{
  const Anthropic = load("@anthropic-ai/sdk").default ?? load("@anthropic-ai/sdk");
  const client = new Anthropic({ baseURL: url, apiKey: "the-key-of-a-test", maxRetries: 0 });
  const body = {
    model: "m", max_tokens: 99, temperature: 0.5, stop_sequences: ["END"],
    system: [{ type: "text", text: system, cache_control: { type: "ephemeral" } }],
    tools: [{ name: "read", description: "reads", input_schema: schema }], tool_choice: { type: "any" },
    messages: [
      { role: "user", content: [{ type: "text", text: "Do it." }] },
      { role: "assistant", content: [{ type: "text", text: "I look." }, { type: "tool_use", id: "a", name: "read", input: { path: "1" } },
        { type: "tool_use", id: "b", name: "read", input: { path: "2" } }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: "one" },
        { type: "tool_result", tool_use_id: "b", content: "two" }] },
    ],
  };
  await capture("anthropic", () => client.messages.create({ ...body, stream: true }));
  await capture("anthropic_whole", () => client.messages.create({ ...body, stream: false }));
}

{
  const { GoogleGenAI } = load("@google/genai");
  const client = new GoogleGenAI({ apiKey: "the-key-of-a-test", apiVersion: "v1beta", httpOptions: { baseUrl: url, retryOptions: { attempts: 1 } } });
  const call = (id, path) => ({ functionCall: { id, name: "read", args: { path } } });
  const result = (id, output) => ({ functionResponse: { id, name: "read", response: { output } } });
  const body = {
    model: "m",
    contents: [
      { role: "user", parts: [{ text: "Do it." }] }, { role: "model", parts: [{ text: "I look." }, call("a", "1"), call("b", "2")] },
      { role: "user", parts: [result("a", "one"), result("b", "two")] },
    ],
    config: {
      systemInstruction: { parts: [{ text: system }] }, maxOutputTokens: 99, temperature: 0.5, stopSequences: ["END"],
      tools: [{ functionDeclarations: [{ name: "read", description: "reads", parametersJsonSchema: schema }] }],
      toolConfig: { functionCallingConfig: { mode: "ANY" } },
    },
  };
  await capture("gemini", () => client.models.generateContentStream(body));
  await capture("gemini_whole", () => client.models.generateContent(body));
}

server.close();
server.closeAllConnections();
console.log(JSON.stringify(answer));
