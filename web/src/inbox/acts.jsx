// acts.jsx: what a person can say to each kind of item.

import { useRef, useState } from "preact/hooks";
import { id, post } from "../shared/api.js";
import { useUnsent } from "../shared/unsent.js";
import { may } from "../shared/me.js";

// A key that is held down presses a button once.
const unheld = (e) => {
  if (e.repeat) e.preventDefault();
};

const lines = (n) => `${n.toLocaleString("en")} ${n === 1 ? "line" : "lines"}`;

// As long as the end was not on screen it shows the rest; then it decides. One button, which keeps the focus.
export function Decide({ reading, off, decide, children }) {
  return (
    <button
      class="btn p"
      data-key="a"
      disabled={reading.seen && off}
      onClick={reading.seen ? decide : reading.show}
      onKeyDown={unheld}
    >
      {reading.seen ? children : `Show the rest (${lines(reading.rest)})`}
      {reading.seen && <kbd class="no-s">a</kbd>}
    </button>
  );
}

const NEEDS = "A denial needs a reason; the agent reads it";
const READS = "Reason (the agent reads it when you deny)";

const sendOne = ([{ id: name, hash }], verb, why) => post(`/v1/approvals/${id(name)}/${verb}`, { hash, why });

const AT_ONCE = 100; // the most that the route takes in one request

// Each has a result of its own; those that failed are named, and stay in the list.
async function sendAll(asked, verdict, why) {
  const verdicts = asked.map(({ id: name, hash }) => ({ id: name, hash, verdict, why }));
  const results = [];
  for (let from = 0; from < verdicts.length; from += AT_ONCE) {
    const slice = verdicts.slice(from, from + AT_ONCE);
    results.push(...(await post("/v1/approvals/verdicts", { rule: asked[0].rule, verdicts: slice })).results);
  }
  const failed = results.filter((one) => !one.ok);
  if (failed.length === 0) return results;
  const told = failed.map((one) => `${one.id}: ${one.detail}`).join("; ");
  const { code, fix } = failed[0];
  throw Object.assign(new Error(`${failed.length} of ${results.length} got no answer. ${told}`), { code, fix });
}

// asked: one or more approvals by the same rule, each with the hash of what is shown.
export function ApprovalActs({ asked, reading, act, off }) {
  const [why, set, drop] = useUnsent("why." + asked[0].id),
    [missing, miss] = useState(false),
    reason = useRef();
  const send = (verb) =>
    act.run(async () => {
      const done = await (asked.length > 1 ? sendAll : sendOne)(asked, verb, why.trim() || undefined);
      drop();
      return done;
    });
  const deny = () => {
    miss(!why.trim());
    if (why.trim()) send("deny");
    else reason.current.focus();
  };
  const type = (e) => {
    set(e.target.value);
    miss(false);
  };
  return (
    <>
      <label class="grow">
        <span class="sr">Reason</span>
        <input
          ref={reason}
          class="txt"
          data-key="d"
          value={why}
          onInput={type}
          aria-invalid={missing}
          placeholder={missing ? NEEDS : READS}
        />
      </label>
      <button class="btn d" disabled={off} onClick={deny}>
        {asked.length > 1 ? `Deny ${asked.length}` : "Deny"} <kbd class="no-s">d</kbd>
      </button>
      <Decide reading={reading} off={off || asked.some((one) => !one.hash)} decide={() => send("approve")}>
        {asked.length > 1 ? `Approve ${asked.length}, each once` : "Approve once"}
      </Decide>
    </>
  );
}

function AnswerActs({ item, act, off, more }) {
  const [text, set, drop] = useUnsent("answer." + item.id);
  const send = () =>
    act.run(() =>
      post("/v1/acts/answer", { card: item.card, event: item.event, text: text.trim() }).then((done) => {
        drop();
        return done;
      }),
    );
  return (
    <>
      <label class="grow">
        <span class="sr">Your answer</span>
        <textarea
          class="txt"
          rows="2"
          data-key="a"
          value={text}
          placeholder="Your answer; the agent reads it"
          onInput={(e) => set(e.target.value)}
        />
      </label>
      {more}
      <button class="btn p" disabled={off || !text.trim()} onClick={send}>
        Answer
      </button>
    </>
  );
}

function Retry({ item, act, off, primary }) {
  const send = () => act.run(() => post("/v1/acts/retry", { card: item.card, event: item.event }));
  return (
    <button class={"btn" + (primary ? " p" : "")} data-key="r" disabled={off} onClick={send}>
      Retry
    </button>
  );
}

const ANSWERS = [
  ["happened", "It happened"],
  ["did-not", "It did not"],
  ["again", "Run it again"],
];

function UnknownActs({ item, act, off }) {
  const [text, set] = useUnsent("found." + item.id);
  const say = (word) => {
    const body = { card: item.card, event: item.event, text: `${word} ${text}`.trim() };
    return act.run(() => post("/v1/acts/answer", body));
  };
  return (
    <>
      <label class="grow">
        <span class="sr">What you found</span>
        <input
          class="txt"
          data-key="d"
          value={text}
          placeholder="What you found (optional)"
          onInput={(e) => set(e.target.value)}
        />
      </label>
      {ANSWERS.map(([word, title], i) => (
        <button
          key={word}
          class="btn"
          data-key={i === 0 ? "a" : undefined}
          disabled={off}
          onClick={() => say(word)}
        >
          {title}
        </button>
      ))}
    </>
  );
}

const ScriptsActs = ({ item, reading, act, off }) => (
  <>
    <span class="grow" />
    <Decide
      reading={reading}
      off={off}
      decide={() => act.run(() => post("/v1/acts/accept", { generation: item.id }))}
    >
      Accept scripts
    </Decide>
  </>
);

function ProposalActs({ item, reading, act, off }) {
  const path = `/v1/scripts/proposals/${item.id}`;
  return (
    <>
      <button class="btn" disabled={off} onClick={() => act.run(() => post(path + "/reject", {}))}>
        Reject
      </button>
      <span class="grow" />
      {may("admin") ? (
        <Decide
          reading={reading}
          off={off}
          decide={() => act.run(() => post(path + "/accept", { generation: item.generation }))}
        >
          Accept and write
        </Decide>
      ) : (
        <span class="s m">An administrator accepts it.</span>
      )}
    </>
  );
}

function PushActs({ item, act, off }) {
  const send = () => act.run(() => post("/v1/acts/push", { card: item.card, remote: item.remote }));
  return (
    <>
      <span class="grow" />
      <button class="btn p" data-key="a" disabled={off} onClick={send}>
        Push again
      </button>
    </>
  );
}

export function Acts({ item, approval, ...rest }) {
  if (item.kind === "approval") {
    const asked = [{ id: item.id, hash: approval && approval.hash }];
    return <ApprovalActs asked={asked} {...rest} />;
  }
  if (item.kind === "unknown") return <UnknownActs item={item} {...rest} />;
  if (item.kind === "scripts") return <ScriptsActs item={item} {...rest} />;
  if (item.kind === "proposal") return <ProposalActs item={item} {...rest} />;
  if (item.kind === "push") return <PushActs item={item} {...rest} />;
  const retry = item.kind !== "question" && <Retry item={item} {...rest} />;
  return <AnswerActs item={item} more={retry} {...rest} />;
}
