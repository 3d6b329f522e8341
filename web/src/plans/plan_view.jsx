// plan_view.jsx: one plan: the request, the work on it as it happens, the proposal as a tree, and the decision.

import { useState } from "preact/hooks";
import { Transcript } from "../card/transcript.jsx";
import { Decide } from "../inbox/acts.jsx";
import { useReading } from "../inbox/content.jsx";
import { NotYours, Outcome, useDecision } from "../inbox/detail.jsx";
import { hrefOf, mayAnswer } from "../inbox/items.jsx";
import { useDataAt } from "../past/past.jsx";
import { StartDialog } from "../runs/start_dialog.jsx";
import { id, post } from "../shared/api.js";
import { Failure, Loaded } from "../shared/feedback.jsx";
import { actorName, When } from "../shared/format.jsx";
import { useUnsent } from "../shared/unsent.js";
import { may } from "../shared/me.js";
import { linesOf, PlanTree, sizeOf } from "./plan_tree.jsx";
import { RunActs, TalkHead } from "./talk_parts.jsx";
import { planStatus } from "./talks.js";

// ---- what there is ----

const Assumed = ({ lines }) => (
  <section>
    <h3 class="b">Assumed, because the request leaves it open</h3>
    <ul class="dashes">
      {lines.map((line, i) => (
        <li key={i} class="wrap">
          {line}
        </li>
      ))}
    </ul>
  </section>
);

// What people asked to be otherwise, in the earlier rounds.
const Rounds = ({ rounds }) => (
  <section class="comments">
    <h3 class="b">Changes that were asked for</h3>
    {rounds.map((row) => (
      <div key={row.id} class="comment">
        <div class="s m">
          {actorName(row.answered_by)}, <When at={row.answered_at} />
        </div>
        <p class="wrap">{row.answer_why}</p>
      </div>
    ))}
  </section>
);

const Labels = ({ labels }) => (
  <div class="box amber">
    Made of what came from outside: {labels.join(", ")}. Read it as a text that someone else wrote.
  </div>
);

function Proposal({ plan, rounds }) {
  const before = rounds.length > 0 ? rounds[rounds.length - 1].operation : null;
  const isAfter = plan.question && before;
  return (
    <>
      <p class="s m">{sizeOf(plan.plan)}</p>
      <PlanTree plan={plan.plan} before={isAfter ? before : null} />
    </>
  );
}

const Parked = ({ plan, item, base }) => (
  <div class="box amber row">
    <span class="grow wrap">{plan.parked.why || plan.parked.reason || plan.parked.status}</span>
    {item && (
      <a class="btn p" href={hrefOf(base, item)}>
        Answer
      </a>
    )}
  </div>
);

const AtWork = ({ plan, base, at }) => (
  <section aria-label="Work on the plan" class="at-work">
    <Transcript
      path={`/v1/cards/${id(plan.card)}/transcript`}
      base={base}
      matters={(event) => event.card === plan.card}
      at={at}
    />
  </section>
);

// ---- what a person can do ----

// Accepts exactly what is shown, asks for another one, or gives the plan up.
function Answer({ plan, reading, act, off }) {
  const [why, set, drop] = useUnsent("plan." + plan.id);
  const said = why.trim();
  const answer = (verb) =>
    act.run(async () => {
      const path = `/v1/approvals/${id(plan.question.id)}/${verb}`;
      const done = await post(path, { hash: plan.question.hash, why: said || undefined });
      drop();
      return done;
    });
  return (
    <>
      <label class="whole-row">
        <span class="sr">What should be otherwise</span>
        <textarea
          class="txt"
          rows="2"
          data-key="c"
          value={why}
          placeholder="What should be otherwise; the architect reads it and proposes again"
          onInput={(e) => set(e.target.value)}
        />
      </label>
      <Reject plan={plan} why={said} act={act} off={off} />
      <span class="grow" />
      <button class="btn" disabled={off || !said} onClick={() => answer("deny")}>
        Ask for a change
      </button>
      <Decide reading={reading} off={off} decide={() => answer("approve")}>
        Accept plan
      </Decide>
    </>
  );
}

function Reject({ plan, why, act, off }) {
  const body = { card: plan.id, status: "canceled", why: why || "the plan was given up" };
  return (
    <button class="btn d" disabled={off} onClick={() => act.run(() => post("/v1/acts/move", body))}>
      Reject plan
    </button>
  );
}

function TryAgain({ plan, act, off }) {
  const send = () => act.run(() => post("/v1/acts/plan.go_on", { card: plan.id }));
  return (
    <button class="btn p" data-key="r" disabled={off} onClick={send}>
      Try again
    </button>
  );
}

const OPEN = ["waiting", "open", "parked", "failed"];

function Acts({ plan, item, reading, decision: { act, online, off } }) {
  if (!may("act") || (item && !mayAnswer(item))) return <NotYours items={item ? [item] : []} />;
  if (plan.status === "waiting" && !item) return null; // not known yet whether this person may answer
  const busy = act.busy || !online; // what was sent before does not close what can be done next
  return (
    <>
      {plan.status === "waiting" ? (
        <Answer plan={plan} reading={reading} act={act} off={off} />
      ) : (
        <>
          <Reject plan={plan} act={act} off={busy} />
          <span class="grow" />
          <RunActs run={plan.run} isOpen={plan.status === "open"} act={act} off={busy} />
          {(plan.status === "failed" || plan.status === "parked") && (
            <TryAgain plan={plan} act={act} off={busy} />
          )}
        </>
      )}
      <Outcome act={act} online={online} />
    </>
  );
}

// The rock that was made of it.
function Made({ plan, base, at }) {
  const [starts, start] = useState(false);
  return (
    <div class="box teal row">
      <span class="grow">
        Its cards are on the board, in the rock{" "}
        <a class="link mono" href={`${base}/cards/${id(plan.rock)}`}>
          {plan.rock}
        </a>
        .
      </span>
      {!at && may("run") && (
        <button class="btn p" data-key="s" onClick={() => start(true)}>
          Start run
        </button>
      )}
      {starts && <StartDialog cards={[]} base={base} given={plan.rock} close={() => start(false)} />}
    </div>
  );
}

// ---- the whole ----

const SHOWN = ["waiting", "accepted", "dropped"]; // what is proposed otherwise was refused before

// What the request says besides its first line, which is the name; that one may be cut.
const beyond = ({ request, name }) => (request.startsWith(name) ? request.slice(name.length) : request).trim();

function Plan({ plan, rounds, item, base, at, reload }) {
  const reading = useReading(plan.plan ? linesOf(plan.plan) : 1),
    decision = useDecision(reload),
    more = beyond(plan),
    isShown = plan.plan && SHOWN.includes(plan.status);
  return (
    <section class="ask" aria-label={plan.name}>
      <div class="in" ref={reading.scroller} tabIndex={0} role="group" aria-label={"Plan " + plan.id}>
        <TalkHead status={planStatus(plan)} row={plan} base={base} />
        <h2 class="wrap">{plan.name}</h2>
        {more && <p class="wrap">{more}</p>}
        {plan.labels && plan.labels.length > 0 && <Labels labels={plan.labels} />}
        {plan.rock && <Made plan={plan} base={base} at={at} />}
        {plan.error && <Failure error={plan.error} />}
        {plan.parked && plan.status === "parked" && <Parked plan={plan} item={item} base={base} />}
        {plan.status === "open" && <AtWork plan={plan} base={base} at={at} />}
        {isShown && <Proposal plan={plan} rounds={rounds} />}
        {isShown && plan.assumptions && <Assumed lines={plan.assumptions} />}
        {rounds.length > 0 && <Rounds rounds={rounds} />}
        <div ref={reading.end} class="end" />
      </div>
      {!at && OPEN.includes(plan.status) && (may("act") || plan.status === "waiting") && (
        <div class="act">
          <Acts plan={plan} item={item} reading={reading} decision={decision} />
        </div>
      )}
    </section>
  );
}

export function PlanView({ base, name, items, at }) {
  const card = name + "-draft",
    matters = (event) => event.card === card || event.card === name;
  const plan = useDataAt(`/v1/plans/${id(name)}`, at, matters),
    asked = useDataAt(`/v1/approvals?all=true&card=${id(card)}`, at, (event) => event.card === card);
  const rounds = asked.data ? asked.data.items.filter((row) => row.status === "denied") : [];
  return (
    <Loaded of={plan}>
      {(data) => (
        <Plan
          key={data.question ? data.question.id : data.status}
          plan={data}
          rounds={rounds}
          item={at ? null : items.find((one) => one.card === card)}
          base={base}
          at={at}
          reload={plan.reload}
        />
      )}
    </Loaded>
  );
}
