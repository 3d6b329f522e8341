// openai.mjs BASE_URL SDK_DIR: what the official client makes of an endpoint, as one JSON line.
import { createRequire } from "node:module";

const [url, dir] = process.argv.slice(2);
const { OpenAI } = createRequire(dir + "/")("openai");
const client = new OpenAI({ baseURL: url, apiKey: "none", maxRetries: 0 });
const messages = (content) => [{ role: "user", content }];
const answer = {};

const whole = await client.chat.completions.create({ model: "m", messages: messages("call") });
answer.whole = { content: whole.choices[0].message.content, calls: whole.choices[0].message.tool_calls,
  finish: whole.choices[0].finish_reason, usage: whole.usage };

const stream = await client.chat.completions.create({ model: "m", messages: messages("call"), stream: true,
  stream_options: { include_usage: true } });
const streamed = { content: "", calls: [], usage: null };
for await (const chunk of stream) {
  streamed.usage = chunk.usage ?? streamed.usage;
  const choice = chunk.choices[0];
  if (!choice) continue;
  streamed.content += choice.delta.content ?? "";
  streamed.finish = choice.finish_reason ?? streamed.finish;
  for (const call of choice.delta.tool_calls ?? []) {
    const mine = (streamed.calls[call.index] ??= { id: call.id, type: call.type, function: { name: call.function.name, arguments: "" } });
    mine.function.arguments += call.function.arguments ?? "";
  }
}
answer.streamed = streamed;

try {
  await client.chat.completions.create({ model: "m", messages: messages("429") });
} catch (error) {
  answer.error = { status: error.status, type: error.type, message: error.message, retry: error.headers.get("retry-after") };
}

try {
  for await (const chunk of await client.chat.completions.create({ model: "m", messages: messages("cut"), stream: true })) void chunk;
  answer.cut = "nothing noticed";
} catch (error) {
  answer.cut = error.constructor.name;
}

answer.models = (await client.models.list()).data.map((model) => model.id);
console.log(JSON.stringify(answer));
