// card.jsx: everything about one card: what was said and done, what it changed, its checks and refusals.

import { useEffect, useState } from "preact/hooks";
import { MoveDialog } from "../board/move_dialog.jsx";
import { headline, hrefOf, mayAnswer } from "../inbox/items.jsx";
import { useDataAt } from "../past/past.jsx";
import { TalkLink } from "../plans/talk_link.jsx";
import { StartDialog } from "../runs/start_dialog.jsx";
import { id, post } from "../shared/api.js";
import { Empty, Failure, Loaded, useAct } from "../shared/feedback.jsx";
import { seconds, When } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { lookAt, useLooking, useOnline } from "../shared/live.js";
import { may, whoAmI } from "../shared/me.js";
import { setQuery } from "../shared/router.js";
import { Pill, Status, statusName, waitsFor } from "../shared/status.jsx";
import { visible } from "../shared/visible.js";
import "./card.css";
import { Changes } from "./changes.jsx";
import { Comments } from "./comments.jsx";
import { Cost } from "./cost.jsx";
import { Link, Rail } from "./rail.jsx";
import { RefusalItem } from "./refusal_list.jsx";
import { Transcript } from "./transcript.jsx";

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
    <Comments card={card} readOnly={!!at || !may("act")} />
  </>
);

const took = (ms) => (ms < 10000 ? `${(ms / 1000).toFixed(2)} s` : seconds(Math.round(ms / 1000)));

const limit = (wall) => (wall ? `, limit ${seconds(wall)}` : "");

// The command, how long it took of how long it may take, and how its tests came out.
const Ran = ({ ran, counts }) => (
  <p class="s m wrap">
    {ran && ran.argv && <span class="mono">{visible(ran.argv.join(" "))} </span>}
    {[
      ran && took(ran.ms) + limit(ran.wall),
      counts && `${counts.passed} of ${counts.total} passed`,
    ]
      .filter(Boolean)
      .join(", ")}
  </p>
);

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
      <Ran ran={event.body.ran} counts={event.body.counts} />
      {typeof event.body.log === "string" && event.body.log && <pre class="code">{visible(event.body.log)}</pre>}
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

// ---- around them ----

// What it waits for, and the way to the answer.
function Waits({ card, base, items }) {
  const item = items.find((one) => one.card === card.id);
  if (!item) return null;
  const act = item.kind === "approval" ? "Review approval" : "Answer",
    decides = mayAnswer(item);
  return (
    <div class="box amber row">
      <span class="grow wrap">
        {headline(item)}
        {item.rule && (
          <div class="s m">
            Rule <span class="mono">{item.rule}</span>
            {item.expires_at && (
              <>
                , expires <When at={item.expires_at} />
              </>
            )}
          </div>
        )}
      </span>
      <a class={decides ? "btn p" : "btn"} href={hrefOf(base, item)}>
        {decides ? act : "Open in the inbox"}
      </a>
    </div>
  );
}

function Refusals({ reports, base, at }) {
  if (reports.length === 0) return <Empty>Nothing was refused.</Empty>;
  return reports.map((report) => <RefusalItem key={report.event} report={report} base={base} readOnly={!!at} />);
}

function Whole({ card, base, tab, shared }) {
  const cards = shared.board.data ? shared.board.data.cards : [],
    below = cards.filter((one) => one.parent === card.id),
    checks = card.events.filter((event) => event.kind === "verify.done").reverse();
  const panes = {
    activity: () => <Activity card={card} base={base} below={below} at={shared.at} />,
    changes: () => <Changes card={card} at={shared.at} />,
    checks: () => <Checks checks={checks} />,
    refusals: () => <Refusals reports={card.reports} base={base} at={shared.at} />,
    cost: () => <Cost card={card} base={base} />,
    details: () => <Details card={card} />,
  };
  const tabs = [
    ["activity", isGroup(card) ? "Cards" : "Activity"],
    ["changes", "Changes"],
    ["checks", "Checks", checks.length],
    ["refusals", "Refusals", card.reports.length],
    ["cost", "Cost"],
    ["details", "Details"],
  ].filter(([name]) => !(shared.at && name === "cost"));
  const chosen = tabs.some(([name]) => name === tab) ? tab : "activity";
  return (
    <div class="two">
      <div class="body">
        <h2 class="wrap">{card.name}</h2>
        <div class="row">
          <Pill status={card.status}>{card.wait_reason && ": " + waitsFor(card)}</Pill>
        </div>
        {!shared.at && (
          <Waits card={card} base={base} items={shared.inbox.data ? shared.inbox.data.items : []} />
        )}
        <Tabs tabs={tabs} chosen={chosen} />
        <div id="pane" role="tabpanel" aria-labelledby={"tab-" + chosen}>
          {panes[chosen]()}
        </div>
      </div>
      <Rail card={card} base={base} cards={cards} at={shared.at} />
    </div>
  );
}

const PARKED = ["blocked", "waiting_for_developer"];

function Retry({ card }) {
  const act = useAct(),
    online = useOnline();
  if (!PARKED.includes(card.status) || card.approval) return null;
  return (
    <>
      <button
        class="btn"
        data-key="r"
        disabled={act.busy || !online}
        onClick={() => act.run(() => post("/v1/acts/retry", { card: card.id }))}
      >
        Retry
      </button>
      {act.error && (
        <div class="under">
          <Failure error={act.error} />
        </div>
      )}
    </>
  );
}

const others = (names) => (names || []).filter((name) => name !== whoAmI().name);

const Looking = ({ card }) =>
  others(useLooking(card)).map((name) => (
    <span
      key={name}
      class="av h no-s"
      role="img"
      aria-label={name + " looks at this card"}
      title={name + " looks at this card"}
    >
      {name.slice(0, 2).toUpperCase()}
    </span>
  ));

const Crumbs = ({ card, cards, base }) => {
  const path = [];
  let at = card && card.parent;
  while (at && path.length < 3) {
    const parent = cards.find((one) => one.id === at);
    path.unshift(parent || { id: at, name: at });
    at = parent && parent.parent;
  }
  return path.map((one) => (
    <span key={one.id} class="crumb m ell no-s" title={one.name}>
      <a href={`${base}/cards/${id(one.id)}`}>{one.name}</a> <span class="f">/</span>
    </span>
  ));
};

export function Card({ base, name, query, shared }) {
  const card = useDataAt(`/v1/cards/${id(name)}`, shared.at, (event) => event.card === name),
    [dialog, open] = useState(null);
  const cards = shared.board.data ? shared.board.data.cards : [];
  useEffect(() => {
    lookAt(name);
    return () => lookAt(null);
  }, [name]);
  return (
    <>
      <div class="bar">
        <a class="btn g q" href={`${base}/board`} aria-label="Back to the board">
          <Icon name="back" />
        </a>
        <Crumbs card={card.data} cards={cards} base={base} />
        <h1 class="mono ell">{name}</h1>
        <span class="grow" />
        <Looking card={name} />
        <TalkLink card={name} base={base} style="btn" />
        {card.data && !shared.at && (
          <>
            {may("act") && <Retry card={card.data} />}
            {may("act") && (
              <button class="btn" data-key="m" onClick={() => open("move")}>
                Move <kbd class="no-s">m</kbd>
              </button>
            )}
            {may("run") && (
              <button class="btn" data-key="s" onClick={() => open("start")}>
                Start run
              </button>
            )}
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
