// clients.mjs URL SDK_DIR: what the official clients of Anthropic and Gemini make of an endpoint, as one JSON line.
import { createRequire } from "node:module";

const [url, dir] = process.argv.slice(2);
const load = createRequire(dir + "/");
const answer = {};

async function failure(act) {
  try {
    await act();
    return "nothing noticed";
  } catch (error) {
    return { status: error.status, name: error.constructor.name, message: String(error.message) };
  }
}

{
  const Anthropic = load("@anthropic-ai/sdk").default ?? load("@anthropic-ai/sdk");
  const client = new Anthropic({ baseURL: url, apiKey: "none", maxRetries: 0 });
  const ask = (content) => ({ model: "m", max_tokens: 100, messages: [{ role: "user", content }] });
  const whole = await client.messages.create(ask("call"));
  const stream = client.messages.stream(ask("call"));
  let text = "";
  stream.on("text", (piece) => (text += piece));
  const streamed = await stream.finalMessage();
  const tools = await client.messages.create({ ...ask("go"), messages: [
    { role: "user", content: "go" },
    { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "f", input: {} }, { type: "tool_use", id: "t2", name: "g", input: {} }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", content: "one" },
      { type: "tool_result", tool_use_id: "t2", content: [{ type: "text", text: "two" }] }] },
  ] });
  answer.anthropic = {
    whole, streamed, text, tools: tools.content[0].text,
    error: await failure(() => client.messages.create(ask("429"))),
    cut: await failure(() => client.messages.stream(ask("cut")).finalMessage()),
    bad: await failure(() => client.messages.create({ ...ask("x"), messages: [] })),
  };
}

{
  const { GoogleGenAI } = load("@google/genai");
  const client = new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: url, retryOptions: { attempts: 1 } } });
  const ask = (contents) => ({ model: "m", contents });
  const shown = (reply) => ({ text: reply.candidates[0].content.parts.map((part) => part.text ?? "").join(""), calls: reply.functionCalls,
    finish: reply.candidates[0].finishReason, usage: reply.usageMetadata });
  const streamed = { text: "", calls: [] };
  for await (const chunk of await client.models.generateContentStream(ask("call"))) {
    const one = shown(chunk);
    streamed.text += one.text;
    streamed.calls.push(...(one.calls ?? []));
    streamed.finish = one.finish ?? streamed.finish;
    streamed.usage = one.usage ?? streamed.usage;
  }
  const tools = await client.models.generateContent(ask([
    { role: "user", parts: [{ text: "go" }] },
    { role: "model", parts: [{ functionCall: { name: "f", args: {} } }, { functionCall: { name: "f", args: {} } }] },
    { role: "user", parts: [{ functionResponse: { name: "f", response: { output: "one" } } },
      { functionResponse: { name: "f", response: { output: "two" } } }] },
  ]));
  answer.gemini = {
    whole: shown(await client.models.generateContent(ask("call"))), streamed, tools: shown(tools).text,
    error: await failure(() => client.models.generateContent(ask("429"))),
    cut: await failure(async () => {
      for await (const chunk of await client.models.generateContentStream(ask("cut"))) void chunk;
    }),
  };
}

console.log(JSON.stringify(answer));
