// tile.jsx: a card in its column: few elements, because many are drawn; its link says all of it to a screen reader.

import { short } from "../inbox/items.jsx";
import { id } from "../shared/api.js";
import { count, money } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { useDraft } from "../shared/live.js";
import { STATUS, waitsFor } from "../shared/status.jsx";
import { visible } from "../shared/visible.js";
import { linesOf, TITLE_FONT, WHY_FONT } from "./layout.js";

const LIVE = 80; // the last characters of what is said that are shown

export function waits(card) {
  if (card.approval) return "Approval: " + short(card.approval.asks);
  if (card.outage) return `Model ${card.outage.model} does not answer`;
  return card.wait_reason ? "Waits for " + waitsFor(card) : null;
}

export const tokensOf = (card) => card.tokens_in + card.tokens_out;

export const refusals = (n) => (n === 1 ? "1 refusal or question" : `${n} refusals and questions`);

export const hasMeta = (card) => tokensOf(card) > 0 || card.reports > 0;

function lineOf(draft, at) {
  if (!draft) return at || "working";
  const what = [draft.kind, draft.path].filter(Boolean).join(" ");
  return visible(`${what} ${draft.text.slice(-LIVE).replace(/\s+/g, " ")}`.trim());
}

// What the model says at this moment, else what the open turn is at.
export function LiveLine({ card, at }) {
  const line = lineOf(useDraft(card.id), at);
  return <span class={"say" + (card.status === "in_progress" ? "" : " v")}>{line}</span>;
}

const Meta = ({ card, cost }) => (
  <span class="meta">
    {[tokensOf(card) > 0 && count(tokensOf(card)) + " tokens", cost].filter(Boolean).join("\u2002")}
    {card.reports > 0 && (
      <span class="refusals c-red" title={refusals(card.reports)}>
        {card.reports}
      </span>
    )}
  </span>
);

const StatusIcon = ({ status }) => {
  const [name, colour] = STATUS[status] || [status, "gray"];
  return <Icon name={STATUS[status] ? status : "unknown"} colour={colour} label={name} />;
};

export function Tile({ card, base, cost, width, top, at, of, working, sending, start }) {
  const why = waits(card),
    inner = width - 24,
    says = !why && working !== undefined;
  const two = linesOf(card.name, TITLE_FONT, inner) > 1;
  return (
    <li style={{ top: top + "px" }} aria-setsize={of} aria-posinset={at + 1}>
      <a
        class={`tile ${card.status}` + (sending ? " sending" : "")}
        data-item
        data-card={card.id}
        data-seat={card.seat ? card.seat.slice(0, 2) : undefined}
        title={card.seat && "Seat: " + card.seat}
        draggable
        href={`${base}/cards/${id(card.id)}`}
        aria-busy={sending || undefined}
        onDragStart={(e) => start(e, card)}
      >
        <StatusIcon status={card.status} />
        <span class="mono m ell">{card.id}</span>
        <span class={"t" + (two ? " two-lines" : "")}>{card.name}</span>
        {why && (
          <span class={"why" + (linesOf(why, WHY_FONT, inner - 16) > 1 ? " two-lines" : "")} title={why}>
            {why}
          </span>
        )}
        {says && <LiveLine card={card} at={working} />}
        {hasMeta(card) && <Meta card={card} cost={cost} />}
      </a>
    </li>
  );
}

// Amounts by card; of no one when no price is known.
export const costsOf = (costs) =>
  new Map(
    (costs ? costs.rows : [])
      .filter((row) => row.money !== undefined)
      .map((row) => [row.name, money(row.money, costs.currency)]),
  );
