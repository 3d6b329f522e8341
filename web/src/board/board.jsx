// board.jsx: all cards, in columns by status or as a tree; a live line on each card that is worked on.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { id } from "../shared/api.js";
import { useDataAt } from "../past/past.jsx";
import { useData, useDraft } from "../shared/live.js";
import { headline } from "../inbox/inbox.jsx";
import { MoveDialog } from "./move_dialog.jsx";
import { setQuery } from "../shared/router.js";
import { StartDialog } from "../runs/start_dialog.jsx";
import { Empty, Loaded } from "../shared/feedback.jsx";
import { count, money } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { reasonName, Seat, Status, statusName } from "../shared/status.jsx";
import { useWindow } from "../shared/window.js";
import "./board.css";

const COLUMNS = [
  ["Ready", ["ready"]],
  ["In progress", ["in_progress"]],
  ["Testing and review", ["ready_for_testing", "code_review"]],
  ["Parked", ["blocked", "waiting_for_developer"]],
  ["Done", ["done", "canceled", "archived"]],
];
const TILE = 116,
  ROW = 37; // pixels from one to the next

const isWork = (card) => card.type !== "epic" && card.type !== "rock";

// ---- what a card says below its name ----

function Live({ card }) {
  const draft = useDraft(card.id);
  if (!draft) return null;
  const what = [draft.kind, draft.path].filter(Boolean).join(" ");
  return (
    <span class="say">
      <span class="dot live" />
      <span class="ell">
        {what} {draft.text.slice(-80).replace(/\s+/g, " ")}
      </span>
    </span>
  );
}

function waits(card) {
  if (card.approval) return "Approval: " + card.approval.asks;
  if (card.outage) return `Model ${card.outage.model} does not answer`;
  return card.wait_reason ? "Waits for " + reasonName(card.wait_reason) : null;
}

function Refusals({ of }) {
  if (!of) return null;
  const title = of === 1 ? "1 refusal or question" : `${of} refusals and questions`;
  return (
    <span class="row c-red tight" title={title}>
      <Icon name="refused" />
      <span class="num" aria-hidden="true">
        {of}
      </span>
      <span class="sr">{title}</span>
    </span>
  );
}

function Meta({ card, cost }) {
  return (
    <span class="meta num">
      {card.tokens_in + card.tokens_out > 0 && <span>{count(card.tokens_in + card.tokens_out)} tokens</span>}
      {cost && <span>{cost}</span>}
      <span class="grow" />
      <Refusals of={card.reports} />
    </span>
  );
}

function Tile({ card, base, cost, style, at, of }) {
  const why = waits(card);
  return (
    <li style={style} aria-setsize={of} aria-posinset={at + 1}>
      <a class={"tile " + card.status} data-item href={`${base}/cards/${id(card.id)}`}>
        <span class="row">
          <Status status={card.status} />
          <span class="mono m ell">{card.id}</span>
          <span class="grow" />
          <Seat name={card.seat} />
        </span>
        <span class="t">{card.name}</span>
        {why ? (
          <span class="why ell" title={why}>
            {why}
          </span>
        ) : (
          <Live card={card} />
        )}
        <Meta card={card} cost={cost} />
      </a>
    </li>
  );
}

// ---- columns ----

function Column({ title, status, cards, scroller, base, cost, shown }) {
  const [first, last] = useWindow(scroller, cards.length, TILE, 42);
  const [held, hold] = useState(null); // the card with the focus stays drawn
  const rows = [];
  cards.forEach((card, i) => {
    if ((i >= first && i < last) || card.id === held) rows.push([card, i]);
  });
  return (
    <section
      class={"col" + (shown ? " sel" : "")}
      aria-label={title}
      onFocusIn={(e) => hold(decodeURIComponent((e.target.getAttribute("href") || "").split("/").pop()))}
    >
      <h2>
        <Status status={status} />
        {title} <span class="f num">{cards.length}</span>
      </h2>
      <ul style={{ height: cards.length * TILE + "px" }}>
        {rows.map(([card, i]) => (
          <Tile
            key={card.id}
            card={card}
            base={base}
            at={i}
            of={cards.length}
            cost={cost(card)}
            style={{ top: i * TILE + "px" }}
          />
        ))}
      </ul>
    </section>
  );
}

function Columns({ cards, base, cost, query }) {
  const scroller = useRef();
  const lists = useMemo(
    () => COLUMNS.map(([, statuses]) => cards.filter((card) => statuses.includes(card.status))),
    [cards],
  );
  const busy = lists.findIndex((list, i) => i > 0 && list.length > 0);
  const shown = query.has("column") ? Number(query.get("column")) : Math.max(0, busy);
  return (
    <>
      <div class="chips only-s" role="group" aria-label="Column">
        {COLUMNS.map(([title], i) => (
          <button key={title} aria-pressed={i === shown} onClick={() => setQuery("column", String(i))}>
            {title} <span class="num">{lists[i].length}</span>
          </button>
        ))}
      </div>
      <div class="scroll" ref={scroller} tabIndex={0} role="region" aria-label="Cards by status">
        <div class="cols">
          {COLUMNS.map(([title, [status]], i) => (
            <Column
              key={title}
              title={title}
              status={status}
              cards={lists[i]}
              scroller={scroller}
              base={base}
              cost={cost}
              shown={i === shown}
            />
          ))}
        </div>
      </div>
    </>
  );
}

// ---- tree ----

function ordered(cards) {
  const below = new Map(),
    known = new Set(cards.map((card) => card.id)),
    rows = [];
  for (const card of cards) {
    const parent = known.has(card.parent) ? card.parent : "";
    below.set(parent, [...(below.get(parent) || []), card]);
  }
  const add = (parent, depth) =>
    (below.get(parent) || []).forEach((card) => {
      const children = below.get(card.id) || [];
      rows.push({
        card,
        depth,
        all: children.length,
        done: children.filter((one) => one.status === "done").length,
      });
      add(card.id, depth + 1);
    });
  add("", 0);
  return rows;
}

function Tree({ cards, base, cost }) {
  const scroller = useRef(),
    rows = useMemo(() => ordered(cards), [cards]);
  const [first, last] = useWindow(scroller, rows.length, ROW, 0);
  return (
    <div class="scroll" ref={scroller} tabIndex={0} role="region" aria-label="Cards as a tree">
      <div class="trow head no-s" aria-hidden="true">
        <span>Card</span>
        <span>Status</span>
        <span>Seat or progress</span>
        <span>Refused</span>
        <span class="right">Tokens</span>
        <span class="right">Cost</span>
      </div>
      <ul class="tree" style={{ height: rows.length * ROW + "px" }}>
        {rows.slice(first, last).map(({ card, depth, all, done }, i) => (
          <li
            key={card.id}
            style={{ top: (first + i) * ROW + "px" }}
            aria-setsize={rows.length}
            aria-posinset={first + i + 1}
          >
            <a class="trow" data-item href={`${base}/cards/${id(card.id)}`}>
              <span class="row" style={{ paddingLeft: depth * 22 + "px" }}>
                <Status status={card.status} />
                <span class="mono m">{card.id}</span>
                <span class={"ell" + (all ? " b" : "")}>{card.name}</span>
              </span>
              <span class="m ell no-s">{statusName(card.status)}</span>
              <span class="m no-s">{all ? `${done} of ${all} done` : card.seat}</span>
              <span class="no-s">
                <Refusals of={card.reports} />
              </span>
              <span class="num m no-s right">
                {card.tokens_in + card.tokens_out > 0 && count(card.tokens_in + card.tokens_out)}
              </span>
              <span class="num no-s right">{cost(card)}</span>
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

// ---- what waits, the filter, all of it ----

const SHAPES = {
  approval: "ask",
  unknown: "unknown",
  question: "waiting_for_developer",
  parked: "blocked",
  scripts: "file",
};

function NeedsYou({ items, base }) {
  if (items.length === 0) return null;
  return (
    <section class="need" aria-label="Needs you" tabIndex={0}>
      {items.slice(0, 6).map((item) => (
        <a key={item.kind + item.id} href={`${base}/inbox/${item.kind}/${id(item.id)}`}>
          <span class="c-amber">
            <Icon name={SHAPES[item.kind]} />
          </span>
          <span class="clamp">{headline(item)}</span>
        </a>
      ))}
      {items.length > 6 && (
        <a href={`${base}/inbox`}>
          <span>{items.length - 6} more in the inbox</span>
        </a>
      )}
    </section>
  );
}

// Words, of which a card has to have each: in its id, name or seat; seat: and status: name a field.
function matches(card, words) {
  return words.every((word) => {
    const [, field, value] = word.match(/^(seat|status|epic):(.+)$/) || [];
    if (field) return String(card[field] || "").toLowerCase() === value;
    return `${card.id} ${card.name} ${card.seat || ""}`.toLowerCase().includes(word);
  });
}

function useCosts(at) {
  const costs = useDataAt("/v1/costs?by=card", at, (event) => event.kind === "step.reply").data;
  return useMemo(() => {
    const rows = new Map(
      costs && costs.total.money > 0 ? costs.rows.map((row) => [row.name, row.money]) : [],
    );
    return (card) => (rows.get(card.id) ? money(rows.get(card.id), costs.currency) : null);
  }, [costs]);
}

function Found({ all, query, base, cost }) {
  const text = query.get("q") || "",
    isTree = query.get("view") === "tree";
  const cards = useMemo(() => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    return all.filter((card) => (isTree || isWork(card)) && matches(card, words));
  }, [all, text, isTree]);
  if (all.length === 0)
    return (
      <Empty>
        No cards yet. Epics are files beneath config/epics; a run brings their cards to the board.
      </Empty>
    );
  if (cards.length === 0)
    return (
      <Empty>
        No card matches {text}.{" "}
        <button class="btn" onClick={() => setQuery("q", "")}>
          Clear filter
        </button>
      </Empty>
    );
  return isTree ? (
    <Tree cards={cards} base={base} cost={cost} />
  ) : (
    <Columns cards={cards} base={base} cost={cost} query={query} />
  );
}

function summary(cards) {
  const work = cards.filter(isWork).length,
    epics = cards.filter((card) => card.type === "epic" && card.status === "in_progress").length;
  return `${work} ${work === 1 ? "card" : "cards"}, ${epics} ${epics === 1 ? "epic" : "epics"} under work`;
}

export function Board({ base, query, shared }) {
  const [dialog, open] = useState(null),
    cost = useCosts(shared.at),
    tree = query.get("view") === "tree";
  const cards = shared.board.data ? shared.board.data.cards : [];
  useMoveKey(shared.at ? [] : cards, open);
  const moved = typeof dialog === "object" && dialog;
  return (
    <>
      <div class="bar">
        <h1>Board</h1>
        <span class="m no-s ell">{shared.board.data && summary(cards)}</span>
        <span class="grow" />
        <div class="seg" role="group" aria-label="View">
          <button aria-pressed={!tree} onClick={() => setQuery("view", "")}>
            Columns
          </button>
          <button aria-pressed={tree} onClick={() => setQuery("view", "tree")}>
            Tree
          </button>
        </div>
        <input
          class="txt filter"
          type="search"
          data-key="/"
          aria-label="Filter cards"
          placeholder="Filter, seat:dev"
          value={query.get("q") || ""}
          onInput={(e) => setQuery("q", e.target.value)}
        />
        {!shared.at && (
          <button class="btn p" onClick={() => open("start")}>
            Start run
          </button>
        )}
      </div>
      {shared.inbox.data && !shared.at && <NeedsYou items={shared.inbox.data.items} base={base} />}
      <Loaded of={shared.board}>
        {(data) => <Found all={data.cards} query={query} base={base} cost={cost} />}
      </Loaded>
      {dialog === "start" && <StartDialog cards={cards} base={base} close={() => open(null)} />}
      {moved && <MoveDialog card={moved} close={() => open(null)} />}
    </>
  );
}

// `m` on the board moves the card that has the focus.
function useMoveKey(cards, open) {
  useEffect(() => {
    const hear = (e) => {
      const link = e.key === "m" && !e.ctrlKey && !e.metaKey && !e.altKey && e.target.closest("a[data-item]");
      const card = link && cards.find((one) => link.getAttribute("href").endsWith("/cards/" + id(one.id)));
      if (card) open(card);
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, [cards]);
}
