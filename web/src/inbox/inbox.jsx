// inbox.jsx: what waits for a person, with its whole content; a decision can be sent when the end of the
// content was on screen, and counts when its event arrives. The content of a question never changes under
// its id, so what is shown is what the hash stands for.

import { useEffect, useRef, useState } from "preact/hooks";
import { id, post } from "../shared/api.js";
import { useData, useLive } from "../shared/live.js";
import { Empty, Failure, Loaded, useAct } from "../shared/feedback.jsx";
import { When } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import "./inbox.css";

const KINDS = [
  ["approval", "Approvals", "ask", "Approval"],
  ["question", "Questions", "waiting_for_developer", "Question"],
  ["unknown", "Unknown outcomes", "unknown", "Unknown outcome"],
  ["cap", "Caps", "blocked", "Cap reached"],
  ["parked", "Parked", "blocked", "Parked"],
  ["scripts", "Script changes", "file", "Script change"],
  ["push", "Pushes", "blocked", "Push failed"],
];
const kindOf = (kind) => KINDS.find((one) => one[0] === kind) || [kind, kind, "unknown", kind];

// A question is what it asks; of the others the title says more.
export const headline = (item) => (item.kind === "question" ? `${item.card}: ${item.lines[0]}` : item.title);

function List({ items, base, chosen }) {
  return (
    <div class="list" tabIndex={0} role="region" aria-label="What waits">
      {KINDS.map(([kind, title, icon]) => {
        const some = items.filter((item) => item.kind === kind);
        return (
          some.length > 0 && (
            <section key={kind}>
              <h2>{title}</h2>
              <ul>
                {some.map((item) => (
                  <li key={item.id}>
                    <a
                      class="item"
                      data-item
                      href={`${base}/inbox/${kind}/${id(item.id)}`}
                      aria-current={item === chosen ? "true" : undefined}
                    >
                      <span class="c-amber">
                        <Icon name={icon} />
                      </span>
                      <span class="clamp">{headline(item)}</span>
                      {item.expires_at && (
                        <span class="s f">
                          until <When at={item.expires_at} />
                        </span>
                      )}
                    </a>
                  </li>
                ))}
              </ul>
            </section>
          )
        );
      })}
      {items.length === 0 && <Empty>Nothing needs you.</Empty>}
    </div>
  );
}

// ---- the whole content ----

function Content({ item }) {
  return (
    <pre class="code whole" aria-label="Whole content">
      {item.lines.map((line, i) => (
        <span key={i} class={line[0] === "+" ? "a" : line[0] === "-" ? "r" : ""}>
          {line + "\n"}
        </span>
      ))}
    </pre>
  );
}

const LOOK = 600; // ms that the end has to be on screen: the second click of two decides nothing

// Was the end of what scrolls here on screen?
function useSeen(scroller, end) {
  const [seen, set] = useState(false);
  useEffect(() => {
    let timer;
    const watch = new IntersectionObserver(
      (rows) => {
        clearTimeout(timer);
        if (rows.at(-1).isIntersecting) timer = setTimeout(set, LOOK, true);
      },
      { root: scroller.current },
    );
    watch.observe(end.current);
    return () => {
      clearTimeout(timer);
      watch.disconnect();
    };
  }, []);
  return seen;
}

function Facts({ approval }) {
  return (
    <dl class="facts">
      <div>
        <dt>Asked by</dt>
        <dd>{approval.role}</dd>
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
}

// ---- what can be said to each kind ----

// A key that is held down presses a button once.
const unheld = (e) => {
  if (e.repeat) e.preventDefault();
};

function ApprovalActs({ item, approval, seen, show, act, off }) {
  const [why, set] = useState(""),
    [missing, miss] = useState(false),
    reason = useRef();
  const send = (verb) =>
    act.run(() =>
      post(`/v1/approvals/${id(item.id)}/${verb}`, { hash: approval.hash, why: why.trim() || undefined }),
    );
  const deny = () => {
    miss(!why.trim());
    if (why.trim()) send("deny");
    else reason.current.focus();
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
          onInput={(e) => {
            set(e.target.value);
            miss(false);
          }}
          aria-invalid={missing}
          placeholder={
            missing
              ? "A denial needs a reason; the agent reads it"
              : "Reason (the agent reads it when you deny)"
          }
        />
      </label>
      <button class="btn d" disabled={off} onClick={deny}>
        Deny
      </button>
      {seen ? (
        <button
          class="btn p"
          data-key="a"
          disabled={off || !approval}
          onClick={() => send("approve")}
          onKeyDown={unheld}
        >
          Approve once
        </button>
      ) : (
        <button class="btn p" data-key="a" onClick={show} onKeyDown={unheld}>
          Show the rest ({item.lines.length} lines)
        </button>
      )}
    </>
  );
}

function WordsActs({ label, button, required, act, off, send, more }) {
  const [text, set] = useState("");
  return (
    <>
      <label class="grow">
        <span class="sr">{label}</span>
        <textarea
          class="txt"
          rows="2"
          data-key="a"
          value={text}
          placeholder={label}
          onInput={(e) => set(e.target.value)}
        />
      </label>
      {more}
      <button
        class="btn p"
        disabled={off || (required && !text.trim())}
        onClick={() => act.run(() => send(text.trim()))}
      >
        {button}
      </button>
    </>
  );
}

function UnknownActs({ item, act, off }) {
  const [text, set] = useState("");
  const say = (word) =>
    act.run(() =>
      post("/v1/acts/answer", { card: item.card, event: item.event, text: `${word} ${text}`.trim() }),
    );
  return (
    <>
      <label class="grow">
        <span class="sr">What you found</span>
        <input
          class="txt"
          value={text}
          placeholder="What you found (optional)"
          onInput={(e) => set(e.target.value)}
        />
      </label>
      <button class="btn" disabled={off} onClick={() => say("happened")}>
        It happened
      </button>
      <button class="btn" disabled={off} onClick={() => say("did-not")}>
        It did not
      </button>
      <button class="btn" disabled={off} onClick={() => say("again")}>
        Run it again
      </button>
    </>
  );
}

function Acts({ item, act, off, ...rest }) {
  const about = { card: item.card, event: item.event };
  const answer = (text) => post("/v1/acts/answer", { ...about, text });
  if (item.kind === "approval") return <ApprovalActs item={item} act={act} off={off} {...rest} />;
  if (item.kind === "unknown") return <UnknownActs item={item} act={act} off={off} />;
  if (item.kind === "scripts") {
    return rest.seen ? (
      <button
        class="btn p"
        disabled={off}
        onClick={() => act.run(() => post("/v1/acts/accept", { generation: item.id }))}
      >
        Accept scripts
      </button>
    ) : (
      <button class="btn p" onClick={rest.show}>
        Show the rest ({item.lines.length} lines)
      </button>
    );
  }
  if (item.kind === "push") {
    return (
      <button
        class="btn p"
        disabled={off}
        onClick={() => act.run(() => post("/v1/acts/push", { card: item.card, remote: item.remote }))}
      >
        Push again
      </button>
    );
  }
  const retry = (item.kind === "parked" || item.kind === "cap") && (
    <button class="btn" disabled={off} onClick={() => act.run(() => post("/v1/acts/retry", about))}>
      Retry
    </button>
  );
  return (
    <WordsActs label="Your answer" button="Answer" required act={act} off={off} send={answer} more={retry} />
  );
}

// ---- one item ----

function Detail({ item, base, reload }) {
  const scroller = useRef(),
    end = useRef(),
    seen = useSeen(scroller, end),
    act = useAct(),
    live = useLive();
  const asked = useData(item.kind === "approval" ? `/v1/approvals/${id(item.id)}` : null, () => false);
  const [, , icon, kind] = kindOf(item.kind),
    off = act.busy || !!act.done || live.state !== "live";
  useEffect(() => {
    if (act.done) reload();
  }, [act.done]);
  return (
    <section class="ask" aria-label={item.title}>
      <div class="in" ref={scroller} tabIndex={0} role="group" aria-label="What is asked">
        <div class="row m">
          <span class="pill amber">
            <Icon name={icon} />
            {kind}
          </span>
          {item.card && (
            <a class="link mono" href={`${base}/cards/${id(item.card)}`}>
              {item.card}
            </a>
          )}
        </div>
        <h2 class="wrap">{item.title}</h2>
        {item.kind === "approval" && (
          <Loaded of={asked}>{(approval) => <Facts approval={approval} />}</Loaded>
        )}
        <Content item={item} />
        <p class="s m">
          {item.kind === "approval"
            ? "The whole content is shown. You allow exactly this call, once. If the file changes first, the approval is void."
            : item.kind === "scripts"
              ? "All that the changed scripts add is shown."
              : ""}
          {asked.data && (
            <>
              {" "}
              Hash <span class="mono wrap">{asked.data.hash}</span>
            </>
          )}
        </p>
        <div ref={end} class="end" />
      </div>
      <div class="act">
        <Acts
          item={item}
          approval={asked.data}
          act={act}
          off={off}
          seen={seen}
          show={() => {
            scroller.current.scrollTop = scroller.current.scrollHeight;
          }}
        />
        {live.state !== "live" && (
          <p class="s m whole-row">Decisions can be sent when the page is connected again.</p>
        )}
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
      </div>
    </section>
  );
}

const ANSWERED = { approved: "Approved once", denied: "Denied", expired: "Expired", void: "Void" };

function Answered({ name, base }) {
  const asked = useData(`/v1/approvals/${id(name)}`);
  return (
    <Loaded of={asked}>
      {(row) => (
        <div class="in">
          <h2>
            {ANSWERED[row.status] || row.status}: {row.tool}
          </h2>
          <p>
            {row.answered_by && `By ${row.answered_by.replace(/^human:/, "")}: `}
            {row.answer_why}
          </p>
          <p>
            Card{" "}
            <a class="link mono" href={`${base}/cards/${id(row.card)}`}>
              {row.card}
            </a>{" "}
            goes on with its run,{" "}
            <a class="link mono" href={`${base}/runs/${id(row.run)}`}>
              {row.run}
            </a>
            . Resume it there if it is not running.
          </p>
        </div>
      )}
    </Loaded>
  );
}

function Gone({ kind, name, base }) {
  if (kind === "approval")
    return (
      <section class="ask" aria-label="Answered">
        <Answered name={name} base={base} />
      </section>
    );
  return (
    <section class="ask">
      <div class="in">
        <p>This is no longer waiting.</p>
        {kind !== "scripts" && (
          <p>
            Its card:{" "}
            <a class="link mono" href={`${base}/cards/${id(name)}`}>
              {name}
            </a>
          </p>
        )}
      </div>
    </section>
  );
}

export function Inbox({ base, kind, name, shared }) {
  return (
    <>
      <div class="bar">
        {name && (
          <a class="btn g q only-s" href={`${base}/inbox`} aria-label="Back to the inbox">
            <Icon name="back" />
          </a>
        )}
        <h1>Inbox</h1>
        <span class="m">{shared.inbox.data && `${shared.inbox.data.items.length} waiting`}</span>
      </div>
      <Loaded of={shared.inbox}>
        {({ items }) => {
          const chosen = items.find((item) => item.kind === kind && item.id === name);
          return (
            <div class={"mail" + (name ? " open" : "")}>
              <List items={items} base={base} chosen={chosen} />
              {chosen ? (
                <Detail key={kind + name} item={chosen} base={base} reload={shared.inbox.reload} />
              ) : name ? (
                <Gone kind={kind} name={name} base={base} />
              ) : (
                <section class="ask no-s">
                  <Empty>Choose an item to see its whole content.</Empty>
                </section>
              )}
            </div>
          );
        }}
      </Loaded>
    </>
  );
}
