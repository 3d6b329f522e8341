// detail.jsx: one item, or several approvals by the same rule, with the whole content and the bar of decisions. The
// content of a question never changes under its id, so what is shown is what the hash stands for. A decision counts
// when its event arrives.

import { useEffect } from "preact/hooks";
import { TalkLink } from "../plans/talk_link.jsx";
import { id } from "../shared/api.js";
import { Failure, Loaded, useAct } from "../shared/feedback.jsx";
import { When } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { useData, useOnline } from "../shared/live.js";
import { may } from "../shared/me.js";
import { Seat } from "../shared/status.jsx";
import { Acts, ApprovalActs } from "./acts.jsx";
import { Content, useReading } from "./content.jsx";
import { headline, kindOf, mayAnswer } from "./items.jsx";

const Facts = ({ approval }) => (
  <dl class="facts">
    <div>
      <dt>Asked by</dt>
      <dd class="row">
        <Seat name={approval.role} />
        {approval.role}
      </dd>
    </div>
    <div>
      <dt>Rule</dt>
      <dd class="mono wrap">{approval.rule}</dd>
    </div>
    <div>
      <dt>Why it asks</dt>
      <dd>{approval.why}</dd>
    </div>
    <div>
      <dt>Expires</dt>
      <dd>
        <When at={approval.expires_at} />
      </dd>
    </div>
  </dl>
);

const PROMISE =
  "The whole content is shown. You allow exactly this call, once. If the file changes first, the approval is void " +
  "and the agent has to ask again.";

const REMARKS = {
  approval: PROMISE,
  scripts: "All that the changed scripts add is shown. Work under way keeps the scripts that it began with.",
  proposal: "Nothing is written yet. What you accept is written as shown, and serves work that begins from then on.",
  unknown: "The program was interrupted before it noted the outcome. Check on the other side, then answer.",
  cap: "Work parks when a cap is reached. Raise it, then retry: an administrator changes caps (Settings, Caps).",
};

function Remark({ item, approval, base }) {
  const text = REMARKS[item.kind];
  return (
    <p class="s m">
      {text}
      {item.kind === "cap" && may("admin") && (
        <>
          {" "}
          <a class="link" href={`${base}/settings/caps`}>
            Change caps
          </a>
        </>
      )}
      {approval && (
        <>
          {" "}
          Hash <span class="mono wrap">{approval.hash}</span>
        </>
      )}
    </p>
  );
}

// What comes of a decision, or why there is none.
export const Outcome = ({ act, online }) => (
  <>
    {!online && <p class="s m whole-row">Decisions can be sent when the page is connected again.</p>}
    {act.done && (
      <p class="s m whole-row" role="status">
        Sent. It counts when its event arrives.
      </p>
    )}
    {act.error && (
      <div class="whole-row">
        <Failure error={act.error} />
      </div>
    )}
  </>
);

const NOT_YOURS = {
  why: "You may look at this, and not answer it",
  fix: "an administrator gives roles (Settings, Users)",
};

export function NotYours({ items }) {
  const { why, fix } = items.map((item) => item.objection).find(Boolean) || NOT_YOURS;
  return (
    <p class="s m whole-row">
      {why}; {fix}.
    </p>
  );
}

export function useDecision(reload) {
  const act = useAct(),
    online = useOnline();
  useEffect(() => {
    if (act.done) reload();
  }, [act.done]);
  return { act, online, off: act.busy || !!act.done || !online };
}

const Head = ({ kind, item, base }) => (
  <div class="row m">
    <span class="pill amber">
      <Icon name={kind.icon} />
      {kind.one}
    </span>
    {item.card && (
      <a class="link mono" href={`${base}/cards/${id(item.card)}`}>
        {item.card}
      </a>
    )}
    <TalkLink card={item.card} base={base} />
  </div>
);

// Every approval by the rule of what is shown, for a batch; or none.
export const AllByRule = ({ peers, n, choose }) => (
  <div class="row">
    {peers.length > Math.max(n, 1) && (
      <button class="btn" data-key="X" onClick={() => choose(peers)}>
        Select all {peers.length} by this rule <kbd class="no-s">X</kbd>
      </button>
    )}
    {n > 1 && (
      <button class="btn" onClick={() => choose([])}>
        Clear selection
      </button>
    )}
  </div>
);

export function Detail({ item, all, base, reload }) {
  const reading = useReading(item.lines.length),
    { act, online, off } = useDecision(reload);
  const path = item.kind === "approval" ? `/v1/approvals/${id(item.id)}` : null;
  const asked = useData(path, () => false);
  return (
    <section class="ask" aria-label={headline(item)}>
      <div class="in" ref={reading.scroller} tabIndex={0} role="group" aria-label="What is asked">
        <Head kind={kindOf(item.kind)} item={item} base={base} />
        <h2 class="wrap">{headline(item)}</h2>
        {path && <Loaded of={asked}>{(approval) => <Facts approval={approval} />}</Loaded>}
        {all}
        {item.lines.join() !== headline(item) && <Content lines={item.lines} />}
        <Remark item={item} approval={asked.data} base={base} />
        <div ref={reading.end} class="end" />
      </div>
      <div class="act">
        {mayAnswer(item) ? (
          <Acts item={item} approval={asked.data} reading={reading} act={act} off={off} />
        ) : (
          <NotYours items={[item]} />
        )}
        <Outcome act={act} online={online} />
      </div>
    </section>
  );
}

// Approvals by the same rule, answered together: each with its own content and hash.
export function Batch({ items, all, base, reload }) {
  const lines = items.reduce((sum, item) => sum + item.lines.length, 0);
  const reading = useReading(lines),
    { act, online, off } = useDecision(reload);
  return (
    <section class="ask" aria-label={`${items.length} approvals`}>
      <div class="in" ref={reading.scroller} tabIndex={0} role="group" aria-label="What is asked">
        <h2>
          {items.length} approvals by <span class="mono">{items[0].rule}</span>
        </h2>
        {all}
        {items.map((item) => (
          <section key={item.id} class="one-of">
            <Head kind={kindOf(item.kind)} item={item} base={base} />
            <h3 class="wrap">{headline(item)}</h3>
            <Content lines={item.lines} />
          </section>
        ))}
        <p class="s m">{PROMISE}</p>
        <div ref={reading.end} class="end" />
      </div>
      <div class="act">
        {items.every(mayAnswer) ? (
          <ApprovalActs asked={items} reading={reading} act={act} off={off} />
        ) : (
          <NotYours items={items} />
        )}
        <Outcome act={act} online={online} />
      </div>
    </section>
  );
}
