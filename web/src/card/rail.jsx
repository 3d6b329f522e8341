// rail.jsx: the facts of a card, beside its tabs.

import { tokensOf } from "../board/tile.jsx";
import { id } from "../shared/api.js";
import { amount, count, When } from "../shared/format.jsx";
import { useData } from "../shared/live.js";
import { Seat, Status, statusName, waitsFor } from "../shared/status.jsx";

export const Link = ({ to, base }) => (
  <a class="link mono" href={`${base}/cards/${id(to)}`}>
    {to}
  </a>
);

const Fact = ({ name, children }) =>
  children ? (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  ) : null;

const PRIORITIES = { 3: "High", 2: "Medium", 1: "Low" };

// Also of the cards below: an epic and a rock have no turns of their own.
const tokensBelow = (card, cards) =>
  cards.reduce(
    (sum, one) => (one.parent === card.id ? sum + tokensBelow(one, one.type === "issue" ? [] : cards) : sum),
    tokensOf(card),
  );

const last = (events, kind) => events.findLast((event) => event.kind === kind && event.run !== "board");

function Needs({ card, base, cards }) {
  return (card.depends_on || []).map((one) => {
    const other = cards.find((row) => row.id === one);
    return (
      <div key={one} class="row">
        {other && <Status status={other.status} />}
        <Link to={one} base={base} />
      </div>
    );
  });
}

function Cap({ cap, title, currency }) {
  const show = (n) => amount(cap.kind, n, currency);
  return (
    <div class="cap">
      <div class="row s m">
        <span class="grow">{title}</span>
        <span class="num">
          {show(cap.used)} of {show(cap.limit)}
        </span>
      </div>
      <div class="track">
        <i class={cap.percent >= 80 ? "w" : ""} style={{ width: Math.min(100, cap.percent) + "%" }} />
      </div>
      {cap.percent >= 80 && <div class="s c-amber">{cap.percent} % used. Work parks at 100 %.</div>}
    </div>
  );
}

function Budget({ card }) {
  const { data } = useData("/v1/budgets", (event) => event.card === card.id && event.kind === "turn.ended");
  const caps = (data ? data.caps : []).filter(
    (cap) =>
      cap.limit !== null &&
      ((cap.scope === "cards" && cap.name === card.id) || (cap.scope === "epics" && cap.name === card.epic)),
  );
  if (caps.length === 0) return null;
  return (
    <>
      <h3>Budget</h3>
      {caps.map((cap) => (
        <Cap
          key={cap.cap}
          cap={cap}
          currency={data.currency}
          title={cap.scope === "epics" ? `Epic, ${cap.kind}` : cap.kind[0].toUpperCase() + cap.kind.slice(1)}
        />
      ))}
    </>
  );
}

export function Rail({ card, base, cards, at }) {
  const turn = last(card.events, "turn.started"),
    data = card.data || {};
  return (
    <aside class="rail" aria-label="Facts">
      <dl>
        <Fact name="Status">
          <span class="row">
            <Status status={card.status} />
            {statusName(card.status)}
          </span>
        </Fact>
        <Fact name="Waits for">{card.wait_reason && waitsFor(card)}</Fact>
        <Fact name="Returns to">{card.return_to && statusName(card.return_to)}</Fact>
        <Fact name="Seat">
          {card.seat && (
            <span class="row">
              <Seat name={card.seat} />
              {card.seat}
            </span>
          )}
        </Fact>
        <Fact name="Model">{turn && <span class="mono">{turn.body.model}</span>}</Fact>
        <Fact name="Priority">{PRIORITIES[card.priority] || String(card.priority)}</Fact>
        <Fact name="Part of">{card.parent && <Link to={card.parent} base={base} />}</Fact>
        <Fact name="Depends on">
          {(card.depends_on || []).length > 0 && <Needs card={card} base={base} cards={cards} />}
        </Fact>
        <Fact name="Run">
          {turn && (
            <a class="link mono" href={`${base}/runs/${id(turn.run)}`}>
              {turn.run}
            </a>
          )}
        </Fact>
        <Fact name="Tokens">
          <span class="num">{count(tokensBelow(card, card.type === "issue" ? [] : cards))}</span>
        </Fact>
        <Fact name="Updated">
          <When at={card.updated_at} />
        </Fact>
      </dl>
      {data.requirements && (
        <>
          <h3>Requirements</h3>
          <p class="m wrap">{data.requirements}</p>
        </>
      )}
      {data.verification && data.verification.command && (
        <>
          <h3>Verification</h3>
          <pre class="code">{[].concat(data.verification.command).join(" ")}</pre>
        </>
      )}
      {!at && <Budget card={card} />}
    </aside>
  );
}
