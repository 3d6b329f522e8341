// tree.jsx: rock > epic > issue, one row each.

import { useMemo, useRef } from "preact/hooks";
import { id } from "../shared/api.js";
import { count } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { Seat, Status, statusName } from "../shared/status.jsx";
import { useView, useWindow } from "../shared/window.js";
import { refusals, tokensOf } from "./tile.jsx";

const ROW = 37; // pixels
const endOf = (i) => (i + 1) * ROW;

const add = (sums, card) => ({
  all: sums.all + 1,
  done: sums.done + (card.status === "done"),
  tokens: sums.tokens + tokensOf(card),
});

// Rows in the tree's order: {card, depth, sums?} with sums over the issues below.
function ordered(cards) {
  const below = new Map(),
    known = new Set(cards.map((card) => card.id)),
    rows = [];
  for (const card of cards) {
    const parent = known.has(card.parent) ? card.parent : "";
    if (!below.has(parent)) below.set(parent, []);
    below.get(parent).push(card);
  }
  const walk = (parent, depth) => {
    let sums = { all: 0, done: 0, tokens: 0 };
    for (const card of below.get(parent) || []) {
      const row = { card, depth };
      rows.push(row);
      if (below.has(card.id)) {
        row.sums = walk(card.id, depth + 1);
        for (const name in sums) sums[name] += row.sums[name];
      } else sums = add(sums, card);
    }
    return sums;
  };
  walk("", 0);
  return rows;
}

const Progress = ({ sums }) => (
  <span class="row">
    <span class="prog">
      <i style={{ width: (sums.done / sums.all) * 100 + "%" }} />
    </span>
    <span class="s m num">
      {sums.done} of {sums.all}
    </span>
  </span>
);

const Refused = ({ card }) =>
  card.reports > 0 ? (
    <span class="row c-red s tight" title={refusals(card.reports)}>
      <Icon name="refused" />
      {card.reports}
      <span class="sr">{card.reports === 1 ? " refusal" : " refusals"}</span>
    </span>
  ) : null;

function Row({ row: { card, depth, sums }, base, cost }) {
  const tokens = sums ? sums.tokens : tokensOf(card);
  return (
    <a class="trow" data-item data-card={card.id} href={`${base}/cards/${id(card.id)}`}>
      <span class="row" style={{ paddingLeft: depth * 22 + "px" }}>
        <Status status={card.status} />
        <span class={"mono ell " + (sums ? "f" : "m")} title={card.id}>{card.id}</span>
        <span class={"ell" + (sums ? " b" : "")}>{card.name}</span>
      </span>
      <span class="m ell no-s">{statusName(card.status)}</span>
      <span class="row no-s">
        {sums ? (
          <Progress sums={sums} />
        ) : (
          <>
            <Seat name={card.seat} />
            <span class="m ell">{card.seat}</span>
          </>
        )}
      </span>
      <span class="no-s">
        <Refused card={card} />
      </span>
      <span class="num m no-s right">{tokens > 0 && count(tokens)}</span>
      <span class="num no-s right">{cost}</span>
    </a>
  );
}

export function Tree({ cards, base, costs }) {
  const scroller = useRef(),
    rows = useMemo(() => ordered(cards), [cards]);
  const [first, last] = useWindow(useView(scroller), rows.length, endOf, ROW);
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
        {rows.slice(first, last).map((row, i) => (
          <li
            key={row.card.id}
            style={{ top: (first + i) * ROW + "px" }}
            aria-setsize={rows.length}
            aria-posinset={first + i + 1}
          >
            <Row row={row} base={base} cost={costs.get(row.card.id)} />
          </li>
        ))}
      </ul>
    </div>
  );
}
