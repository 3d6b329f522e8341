// card.jsx: everything about one card: what was said and done, what it changed, its checks and refusals.

import { useState } from "preact/hooks";
import { id, post } from "../shared/api.js";
import { Diff } from "../shared/diff.jsx";
import { useDataAt } from "../past/past.jsx";
import { useLive } from "../shared/live.js";
import { headline, hrefOf } from "../inbox/items.jsx";
import { MoveDialog } from "../board/move_dialog.jsx";
import { setQuery } from "../shared/router.js";
import { StartDialog } from "../runs/start_dialog.jsx";
import { Transcript } from "./transcript.jsx";
import { Empty, Failure, Loaded, Refusal, useAct } from "../shared/feedback.jsx";
import { count, When } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { Pill, reasonName, Seat, Status, statusName } from "../shared/status.jsx";
import "./card.css";

// ---- what a person says on it ----

function Comments({ card, readOnly }) {
  const [text, set] = useState(""),
    act = useAct(),
    live = useLive();
  const send = async (e) => {
    e.preventDefault();
    if (await act.run(() => post("/v1/acts/comment", { card: card.id, text: text.trim() }))) set("");
  };
  return (
    <section class="comments" aria-label="Comments">
      <h2>Comments</h2>
      {card.comments.map((one, i) => (
        <div key={i} class="comment">
          <div class="s m">
            {one.author}, <When at={one.at} />
          </div>
          <p class="wrap">{one.text}</p>
        </div>
      ))}
      {!readOnly && (
        <form onSubmit={send}>
          <label>
            <span class="sr">Comment</span>
            <textarea
              class="txt"
              rows="2"
              placeholder="Comment; agents read it in their next turn"
              value={text}
              onInput={(e) => set(e.target.value)}
            />
          </label>
          {act.error && <Failure error={act.error} />}
          <div class="acts">
            <button class="btn" disabled={act.busy || !text.trim() || live.state !== "live"}>
              Comment
            </button>
          </div>
        </form>
      )}
    </section>
  );
}

// ---- tabs ----

// The turns of an epic or a rock are in its cards.
const isGroup = (card) => card.type === "epic" || card.type === "rock";

const Children = ({ cards, base }) => (
  <ul class="children">
    {cards.map((one) => (
      <li key={one.id} class="row">
        <Status status={one.status} />
        <Link to={one.id} base={base} />
        <span class="ell">{one.name}</span>
      </li>
    ))}
  </ul>
);

const Activity = ({ card, base, below, at }) => (
  <>
    {isGroup(card) ? (
      <Children cards={below} base={base} />
    ) : (
      <Transcript
        path={`/v1/cards/${id(card.id)}/transcript`}
        base={base}
        matters={(event) => event.card === card.id}
        at={at}
      />
    )}
    <Comments card={card} readOnly={!!at} />
  </>
);

function Changes({ card, at }) {
  const diff = useDataAt(
    `/v1/cards/${id(card.id)}/diff`,
    at,
    (event) => event.card === card.id && /^(turn\.ended|verify|card)/.test(event.kind),
  );
  return (
    <Loaded of={diff}>
      {(data) =>
        data.files.length === 0 ? (
          <Empty>No file was changed.</Empty>
        ) : (
          data.files.map((file) => <Diff key={file.path} file={file} />)
        )
      }
    </Loaded>
  );
}

// A verification's output is a text, or stands in the log under its hash.
function Checks({ checks }) {
  if (checks.length === 0) return <Empty>No verification has run.</Empty>;
  return checks.map((event) => (
    <section key={event.seq} class="check">
      <div class="row">
        <span class={"pill " + (event.body.ok ? "teal" : "red")}>
          <Icon name={event.body.ok ? "done" : "refused"} />
          {event.body.ok ? "Passed" : "Failed"}
        </span>
        <span class="grow" />
        <span class="s m">
          <When at={event.at} />
        </span>
      </div>
      {typeof event.body.log === "string" && event.body.log && <pre class="code">{event.body.log}</pre>}
    </section>
  ));
}

const actionOf = (report) => {
  const action = report.attempted_action;
  return (
    [action.tool, action.what, action.to && "move to " + statusName(action.to)].filter(Boolean).join(" ") ||
    report.violation_type
  );
};

function Refusals({ reports, base }) {
  if (reports.length === 0) return <Empty>Nothing was refused.</Empty>;
  return reports.map((report) => (
    <section key={report.event} class="refusal">
      <div class="row">
        <span class={report.decision === "ask" ? "c-amber" : "c-red"}>
          <Icon name={report.decision === "ask" ? "ask" : "refused"} />
        </span>
        <h3>
          {actionOf(report)} {report.decision === "ask" ? "needed approval" : "was refused"}
        </h3>
        <span class="grow" />
        {report.session_id && (
          <a class="link" href={`${base}/runs/${id(report.session_id)}?event=${report.event}`}>
            In the timeline
          </a>
        )}
        <span class="s f">
          <When at={report.timestamp} />
        </span>
      </div>
      <Refusal why={report.detail} fix={report.remedy_suggestion} rule={report.rule} where={report.where} />
    </section>
  ));
}

function Details({ card }) {
  const fields = Object.entries({ ...card.data, ...(card.data || {}).params }).filter(
    ([, value]) =>
      value !== "" && value !== null && !(typeof value === "object" && Object.keys(value).length === 0),
  );
  return (
    <dl class="fields">
      {fields
        .filter(([name]) => name !== "params")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name.replace(/_/g, " ")}</dt>
            <dd>
              {typeof value === "string" ? (
                <span class="wrap">{value}</span>
              ) : (
                <pre>{JSON.stringify(value, null, 2)}</pre>
              )}
            </dd>
          </div>
        ))}
    </dl>
  );
}

function Tabs({ tabs, chosen }) {
  const move = (e) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!by) return;
    const at = tabs.findIndex(([name]) => name === chosen),
      next = tabs[(at + by + tabs.length) % tabs.length][0];
    setQuery("tab", next);
    requestAnimationFrame(() => document.getElementById("tab-" + next).focus());
  };
  return (
    <div class="tabs" role="tablist" aria-label="Card" onKeyDown={move}>
      {tabs.map(([name, title, n]) => (
        <button
          key={name}
          role="tab"
          id={"tab-" + name}
          aria-selected={name === chosen}
          aria-controls="pane"
          tabIndex={name === chosen ? 0 : -1}
          onClick={() => setQuery("tab", name)}
        >
          {title}
          {n > 0 && <span class="num"> {n}</span>}
        </button>
      ))}
    </div>
  );
}

// ---- beside them ----

const Link = ({ to, base }) => (
  <a class="link mono" href={`${base}/cards/${id(to)}`}>
    {to}
  </a>
);

function Rail({ card, base }) {
  return (
    <aside class="rail" aria-label="Facts">
      <dl>
        <dt>Status</dt>
        <dd class="row">
          <Status status={card.status} />
          {statusName(card.status)}
        </dd>
        {card.wait_reason && (
          <>
            <dt>Waits for</dt>
            <dd>{reasonName(card.wait_reason)}</dd>
          </>
        )}
        {card.return_to && (
          <>
            <dt>Returns to</dt>
            <dd>{statusName(card.return_to)}</dd>
          </>
        )}
        {card.seat && (
          <>
            <dt>Seat</dt>
            <dd class="row">
              <Seat name={card.seat} />
              {card.seat}
            </dd>
          </>
        )}
        <dt>Type</dt>
        <dd>{card.type}</dd>
        <dt>Priority</dt>
        <dd class="num">{card.priority}</dd>
        {card.parent && (
          <>
            <dt>Part of</dt>
            <dd>
              <Link to={card.parent} base={base} />
            </dd>
          </>
        )}
        {(card.depends_on || []).length > 0 && (
          <>
            <dt>Depends on</dt>
            <dd>
              {card.depends_on.map((one) => (
                <div key={one}>
                  <Link to={one} base={base} />
                </div>
              ))}
            </dd>
          </>
        )}
        <dt>Tokens</dt>
        <dd class="num">{count(card.tokens_in + card.tokens_out)}</dd>
        <dt>Revision</dt>
        <dd class="num">{card.revision}</dd>
        <dt>Updated</dt>
        <dd>
          <When at={card.updated_at} />
        </dd>
      </dl>
    </aside>
  );
}

function Waits({ card, base, items }) {
  const item = items.find((one) => one.card === card.id);
  if (!item) return null;
  return (
    <div class="box amber row">
      <span class="grow wrap">{headline(item)}</span>
      <a class="btn p" href={hrefOf(base, item)}>
        {item.kind === "approval" ? "Review approval" : "Answer"}
      </a>
    </div>
  );
}

function Whole({ card, base, tab, shared }) {
  const cards = shared.board.data ? shared.board.data.cards : [];
  const below = cards.filter((one) => one.parent === card.id);
  const checks = card.events.filter((event) => event.kind === "verify.done").reverse();
  const tabs = [
    ["activity", isGroup(card) ? "Cards" : "Activity"],
    ["changes", "Changes"],
    ["checks", "Checks", checks.length],
    ["refusals", "Refusals", card.reports.length],
    ["details", "Details"],
  ];
  const chosen = tabs.some(([name]) => name === tab) ? tab : "activity";
  const panes = {
    activity: () => <Activity card={card} base={base} below={below} at={shared.at} />,
    changes: () => <Changes card={card} at={shared.at} />,
    checks: () => <Checks checks={checks} />,
    refusals: () => <Refusals reports={card.reports} base={base} />,
    details: () => <Details card={card} />,
  };
  return (
    <div class="two">
      <div class="body">
        <h2 class="wrap">{card.name}</h2>
        <div class="row">
          <Pill status={card.status}>{card.wait_reason && ": " + reasonName(card.wait_reason)}</Pill>
        </div>
        {!shared.at && <Waits card={card} base={base} items={shared.inbox.data ? shared.inbox.data.items : []} />}
        <Tabs tabs={tabs} chosen={chosen} />
        <div id="pane" role="tabpanel" aria-labelledby={"tab-" + chosen}>
          {panes[chosen]()}
        </div>
      </div>
      <Rail card={card} base={base} />
    </div>
  );
}

export function Card({ base, name, query, shared }) {
  const card = useDataAt(`/v1/cards/${id(name)}`, shared.at, (event) => event.card === name),
    [dialog, open] = useState(null);
  return (
    <>
      <div class="bar">
        <a class="btn g q" href={`${base}/board`} aria-label="Back to the board">
          <Icon name="back" />
        </a>
        <h1 class="mono ell">{name}</h1>
        <span class="grow" />
        {card.data && !shared.at && (
          <>
            <button class="btn" data-key="m" onClick={() => open("move")}>
              Move
            </button>
            <button class="btn" onClick={() => open("start")}>
              Start run
            </button>
          </>
        )}
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label={"Card " + name}>
        <Loaded of={card}>
          {(data) => <Whole card={data} base={base} tab={query.get("tab")} shared={shared} />}
        </Loaded>
      </div>
      {dialog === "move" && <MoveDialog card={card.data} close={() => open(null)} />}
      {dialog === "start" && <StartDialog cards={[]} base={base} given={name} close={() => open(null)} />}
    </>
  );
}
