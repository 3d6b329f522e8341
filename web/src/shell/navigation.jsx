// navigation.jsx: the ways to the views, the epics under work, today's budget, the connection.

import { underWork } from "../board/rows.js";
import { id } from "../shared/api.js";
import { amount, clock } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { useData, useLive } from "../shared/live.js";

const VIEWS = [
  ["inbox", "Inbox"],
  ["board", "Board"],
  ["runs", "Runs"],
  ["plans", "Plans and chat"],
  ["costs", "Costs"],
  ["refusals", "Refusals"],
];

const BEHIND = [
  ["scripts", "Scripts"],
  ["settings", "Settings"],
];

export const titleOf = (view) => ([...VIEWS, ...BEHIND].find(([name]) => name === view) || [])[1];

export function Links({ base, at, waiting, most }) {
  return VIEWS.slice(0, most).map(([name, title]) => (
    <a key={name} href={`${base}/${name}`} aria-current={at === name ? "page" : undefined}>
      <Icon name={name} />
      {title}
      {name === "inbox" && waiting > 0 && (
        <span class="badge">
          {waiting}
          <span class="sr"> waiting</span>
        </span>
      )}
    </a>
  ));
}

export function Connection() {
  const live = useLive();
  if (live.state !== "live")
    return (
      <div class="row s m">
        <span class="dot" />
        {live.state === "offline" ? "Not connected" : "Connecting"}
      </div>
    );
  return (
    <div class="row s c-teal">
      <span class="dot live" />
      Live{live.last !== null && <span class="f num">event {live.last}</span>}
    </div>
  );
}

export function OfflineBar() {
  const live = useLive();
  if (live.state !== "offline") return null;
  const seen = live.last === null ? "" : ` You see event ${live.last}.`;
  return (
    <div class="offline" role="status">
      <Icon name="unknown" />
      {`Not connected since ${clock(live.since)}.${seen} The page connects again by itself.`}
    </div>
  );
}

function UnderWork({ cards, base }) {
  const epics = underWork(cards).slice(0, 8);
  if (epics.length === 0) return null;
  return (
    <>
      <h2 class="lbl">Under work</h2>
      {epics.map((epic) => {
        const all = cards.filter((card) => card.parent === epic.id);
        const done = all.filter((card) => card.status === "done").length;
        return (
          <a key={epic.id} href={`${base}/board?epic=${id(epic.id)}`} title={epic.id}>
            <span class="c-blue dot" />
            <span class="ell">{epic.name}</span>
            <span class="f s num">
              {done}/{all.length}
            </span>
          </a>
        );
      })}
    </>
  );
}

const ORDER = ["money", "tokens", "calls", "seconds"]; // which cap of the organization is shown

function Today() {
  const { data } = useData("/v1/budgets", (event) => /^(turn\.ended|budget|config)/.test(event.kind));
  const caps = data ? data.caps.filter((cap) => cap.scope === "organization" && cap.limit !== null) : [];
  const cap = ORDER.map((kind) => caps.find((one) => one.kind === kind)).find(Boolean);
  if (!cap) return null;
  const show = (n) => amount(cap.kind, n, data.currency);
  return (
    <div>
      <div class="row s m">
        <span class="grow">Budget</span>
        <span class="num">
          {show(cap.used)} of {show(cap.limit)}
        </span>
      </div>
      <div class="track">
        <i class={cap.percent >= 80 ? "w" : ""} style={{ width: Math.min(100, cap.percent) + "%" }} />
      </div>
    </div>
  );
}

// The other projects of this server.
export function Others({ name, names }) {
  const others = names.filter((one) => one !== name);
  return (
    others.length > 0 && (
      <>
        <p class="lbl">Other projects</p>
        {others.map((one) => (
          <a key={one} class="other" href={`/w/${id(one)}/board`}>
            <span class="ell">{one}</span>
          </a>
        ))}
      </>
    )
  );
}

// What is of now stays away from a view of the past.
export function Navigation({ name, names, base, at, waiting, cards, search, tools, past }) {
  return (
    <nav class="side" aria-label="Main">
      <div class="ws">
        <a class="row grow" href={`${base}/board`}>
          <span class="logo">
            <Icon name="logo" />
          </span>
          <span class="ell">{name}</span>
        </a>
        <button class="btn g q" onClick={search} aria-label="Search all" title="Search all, Ctrl K">
          <Icon name="search" />
        </button>
      </div>
      <Links base={base} at={at} waiting={past ? 0 : waiting} />
      <UnderWork cards={cards} base={base} />
      <Others name={name} names={names} />
      <div class="foot">
        {!past && <Today />}
        {tools}
        <Connection />
      </div>
    </nav>
  );
}
