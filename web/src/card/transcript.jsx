// transcript.jsx: turns with what was said and done in them: replies, calls and their results, refusals with
// reason, fix and rule; what a model says at this moment is a draft below.

import { useState } from "preact/hooks";
import { id } from "../shared/api.js";
import { useDataAt } from "../past/past.jsx";
import { parsed, pathOf } from "../shared/calls.js";
import { useDraft, useWorking } from "../shared/live.js";
import { Empty, Loaded, Refusal } from "../shared/feedback.jsx";
import { count, When } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { Seat, statusName } from "../shared/status.jsx";
import { visible } from "../shared/visible.js";

// ---- calls ----

// The argument that says most about a call, and the others in full.
function Arguments({ text }) {
  const all = parsed(text);
  if (!all || typeof all !== "object") return text ? <pre class="code">{visible(text)}</pre> : null;
  const rest = Object.entries(all).filter(([name]) => name !== "path");
  if (rest.length === 0) return null;
  return (
    <details>
      <summary>{visible(rest.map(([name]) => name).join(", "))}</summary>
      {rest.map(([name, value]) => (
        <div key={name}>
          <div class="s m">{visible(name)}</div>
          <pre class="code">{visible(typeof value === "string" ? value : JSON.stringify(value, null, 2))}</pre>
        </div>
      ))}
    </details>
  );
}

const lines = (text) => {
  const n = text.split("\n").length;
  return n === 1 ? "1 line" : `${n} lines`;
};

const Result = ({ entry }) =>
  entry.text ? (
    <details>
      <summary>
        {entry.ok === false ? "Failed" : "Result"}, {lines(entry.text)}
      </summary>
      <pre class="code">{visible(entry.text)}</pre>
    </details>
  ) : null;

function Call({ call, answer }) {
  const refused = answer && answer.kind === "refusal",
    failed = answer && answer.ok === false;
  return (
    <div class="call">
      <span class={refused || failed ? "c-red" : "m"}>
        <Icon name={refused ? "refused" : "tool"} />
      </span>
      <div class="grow">
        <span class="b">{visible(call.tool)}</span> <span class="mono wrap">{visible(pathOf(call.arguments))}</span>
        {refused && <span class="c-red b"> was refused</span>}
        {failed && <span class="c-red b"> failed</span>}
        <Arguments text={call.arguments} />
        {refused ? (
          <Refusal why={answer.why} fix={answer.fix} rule={answer.rule} />
        ) : (
          answer && <Result entry={answer} />
        )}
      </div>
    </div>
  );
}

// ---- entries ----

function Step({ icon, colour, at, children }) {
  return (
    <div class="step">
      <span class={colour || "m"}>
        <Icon name={icon} />
      </span>
      <div>{children}</div>
      <span class="s f no-s">
        <When at={at} />
      </span>
    </div>
  );
}

function Reply({ entry, answers }) {
  return (
    <Step icon="model" at={entry.at}>
      {entry.thoughts && (
        <details>
          <summary>Thoughts</summary>
          <pre class="code">{visible(entry.thoughts)}</pre>
        </details>
      )}
      {entry.text && <p class="wrap">{visible(entry.text)}</p>}
      {entry.calls.map((call) => (
        <Call key={call.call} call={call} answer={answers.get(call.call)} />
      ))}
    </Step>
  );
}

const Prompt = ({ entry }) => (
  <Step icon="file" at={entry.at}>
    <details>
      <summary>Prompt, {entry.messages.length} messages</summary>
      {entry.messages.map((message, i) => (
        <div key={i}>
          <div class="s m">{message.role}</div>
          <pre class="code">{visible(message.text)}</pre>
        </div>
      ))}
    </details>
  </Step>
);

// "ready -> in_progress: why" in the words of the board.
const plain = (text) =>
  text.replace(/^(\w+) -> (\w+)/, (_, from, to) => `${statusName(from)} to ${statusName(to)}`);

function Entry({ entry, answers }) {
  if (entry.kind === "reply") return <Reply entry={entry} answers={answers} />;
  if (entry.kind === "prompt") return <Prompt entry={entry} />;
  if (entry.kind === "failure")
    return (
      <Step icon="refused" colour="c-red" at={entry.at}>
        <span class="wrap">{visible(entry.text)}</span>
      </Step>
    );
  if (entry.kind === "refusal")
    return (
      <Step icon="refused" colour="c-red" at={entry.at}>
        <span class="b">{visible(entry.tool)}</span>
        <span class="c-red b"> was refused</span>
        <Refusal why={entry.why} fix={entry.fix} rule={entry.rule} />
      </Step>
    );
  if (entry.kind === "note" || entry.kind === "nudge")
    return (
      <Step icon="move" at={entry.at}>
        <span class="m wrap">{visible(plain(entry.text))}</span>
      </Step>
    );
  return null;
}

// ---- turns ----

export const DraftText = ({ draft }) => (
  <div class="draft">
    <span class="b">{visible(draft.kind)}</span> <span class="mono m">{visible(draft.path)}</span>
    <pre>
      {visible(draft.text)}
      <span class="caret" />
    </pre>
    <div class="s m">Draft. It counts when the reply is complete.</div>
  </div>
);

function Draft({ card, run, turn }) {
  const draft = useDraft(card);
  if (!draft || draft.turn !== turn || draft.run !== run) return null;
  return (
    <div class="step">
      <span class="c-blue">
        <Icon name="model" />
      </span>
      <DraftText draft={draft} />
    </div>
  );
}

// A turn that did not end: one that works, or waits.
const OpenTurn = ({ card }) =>
  useWorking().has(card) ? (
    <span class="s c-blue row">
      <span class="dot live" />
      Live
    </span>
  ) : (
    <span class="s m">Open</span>
  );

function Turn({ turn, base, at }) {
  const answers = new Map(),
    called = new Set();
  for (const entry of turn.entries) {
    if (entry.kind === "reply") entry.calls.forEach((call) => called.add(call.call));
    if (entry.kind === "result" || entry.kind === "refusal") answers.set(entry.call, entry);
  }
  const end = turn.entries.find((entry) => entry.kind === "end");
  return (
    <section class="turn" aria-label={"Turn " + turn.turn}>
      <header>
        <Seat name={turn.seat} />
        <h3>
          <a class="link" href={`${base}/runs/${id(turn.run)}?event=${turn.turn}/1`}>
            Turn {turn.turn}
          </a>
        </h3>
        <span class="m ell">
          {turn.role}, {turn.model}
        </span>
        <span class="grow" />
        {end ? (
          <span class="s m num no-s">
            {turn.steps === 1 ? "1 step" : turn.steps + " steps"}, {count(turn.tokens_in + turn.tokens_out)} tokens, {end.outcome}
          </span>
        ) : (
          <OpenTurn card={turn.card} />
        )}
      </header>
      {turn.entries
        .filter((entry) => !(called.has(entry.call) && (entry.kind === "result" || entry.kind === "refusal")))
        .map((entry) => (
          <Entry key={entry.event} entry={entry} answers={answers} />
        ))}
      {!end && !at && <Draft card={turn.card} run={turn.run} turn={turn.turn} />}
    </section>
  );
}

// Pages by cursor: the ones before stay reachable.
export function Transcript({ path, base, matters, at }) {
  const [cursors, set] = useState([]);
  const after = cursors[cursors.length - 1];
  const page = useDataAt(path + (after ? `?after=${after}` : ""), at, matters);
  return (
    <Loaded of={page}>
      {(data) => (
        <>
          {after && (
            <div class="acts">
              <button class="btn" onClick={() => set(cursors.slice(0, -1))}>
                Earlier turns
              </button>
            </div>
          )}
          {data.turns.length === 0 && <Empty>No turn yet.</Empty>}
          {data.turns.map((turn) => (
            <Turn key={turn.seq} turn={turn} base={base} at={at} />
          ))}
          {data.next && (
            <div class="acts">
              <button class="btn" onClick={() => set([...cursors, data.next])}>
                Later turns
              </button>
            </div>
          )}
        </>
      )}
    </Loaded>
  );
}
