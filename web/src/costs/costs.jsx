// costs.jsx: what requests to models cost, by card, role, model, day or run; the caps; what came out of it.

import { Empty, Loaded } from "../shared/feedback.jsx";
import { amount, count, money } from "../shared/format.jsx";
import { useData } from "../shared/live.js";
import { may } from "../shared/me.js";
import { setQuery } from "../shared/router.js";
import { Bars } from "./bars.jsx";
import "./costs.css";
import { Success } from "./success.jsx";

const BY = ["card", "role", "model", "day", "run"];
const changes = (event) => /^(step\.(reply|failed)|turn\.ended)$/.test(event.kind);

// ---- which days ----

const day = (at) => at.toISOString().slice(0, 10);
const ago = (days) => day(new Date(Date.now() - days * 864e5));

const RANGES = [
  ["All time", ""],
  ["Today", ago(0)],
  ["7 days", ago(6)],
  ["30 days", ago(29)],
];

const rangeOf = (query) =>
  ["from", "to"]
    .filter((name) => /^\d{4}-\d\d-\d\d$/.test(query.get(name) || ""))
    .map((name) => `&${name}=${query.get(name)}`)
    .join("");

// A range of the URL that is none of the list.
const ownRange = (from, to) =>
  (to || !RANGES.some(([, one]) => one === from)) && [`${from || "Beginning"} to ${to || "today"}`, "own"];

function Bar({ by, query }) {
  const from = query.get("from") || "",
    own = ownRange(from, query.get("to"));
  const choose = (day) => {
    setQuery("to", "");
    setQuery("from", day);
  };
  return (
    <div class="bar">
      <h1>Costs</h1>
      <span class="grow" />
      <div class="seg" role="group" aria-label="By">
        {BY.map((one) => (
          <button key={one} aria-pressed={one === by} onClick={() => setQuery("by", one)}>
            {one[0].toUpperCase() + one.slice(1)}
          </button>
        ))}
      </div>
      <label class="range">
        <span class="sr">Days</span>
        <select value={own ? "own" : from} onChange={(e) => choose(e.target.value)}>
          {[...RANGES, own].filter(Boolean).map(([title, value]) => (
            <option key={title} value={value}>
              {title}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

// ---- sums ----

// Title, field, class: a narrow window leaves some out.
const COLUMNS = [
  ["Requests", "calls", "n no-s"],
  ["Failed", "failed", "n no-s"],
  ["In", "tokens_in", "n"],
  ["Cached", "cached", "n no-s"],
  ["Out", "tokens_out", "n"],
];

function Line({ row, name, currency, most }) {
  const share = most > 0 && row.money !== undefined ? (row.money / most) * 100 : 0;
  return (
    <tr>
      <th scope="row" class="mono">
        {name}
      </th>
      {COLUMNS.map(([, field, style]) => (
        <td key={field} class={style}>
          {count(row[field])}
        </td>
      ))}
      <td class="n" data-money={row.money}>
        {money(row.money, currency)}
      </td>
      <td class="share no-s" aria-hidden="true">
        <span class="prog">
          <i style={{ width: share + "%" }} />
        </span>
      </td>
    </tr>
  );
}

function Sums({ sums }) {
  const most = Math.max(0, ...sums.rows.map((row) => row.money || 0));
  return (
    <div class="table" tabIndex={0} role="region" aria-label={"Costs by " + sums.by}>
      <table data-sums>
        <caption class="sr">Costs by {sums.by}</caption>
        <thead>
          <tr>
            <th>{sums.by[0].toUpperCase() + sums.by.slice(1)}</th>
            {COLUMNS.map(([title, , style]) => (
              <th key={title} class={style}>
                {title}
              </th>
            ))}
            <th class="n">Cost</th>
            <th class="no-s">
              <span class="sr">Share</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sums.rows.map((row) => (
            <Line key={row.name} row={row} name={row.name} currency={sums.currency} most={most} />
          ))}
        </tbody>
        <tfoot>
          <Line row={sums.total} name="Total" currency={sums.currency} most={0} />
        </tfoot>
      </table>
    </div>
  );
}

// What no sum of money has: its model had no price when it was asked.
const LeftOut = ({ rows }) =>
  rows.length > 0 && (
    <p class="s m left-out">
      Left out of the costs, because the model had no price then:{" "}
      {rows.map(({ model, calls }) => `${calls} ${calls === 1 ? "request" : "requests"} to ${model}`).join(", ")}.
    </p>
  );

// ---- caps ----

function Cap({ cap, currency }) {
  const show = (n) => amount(cap.kind, n, currency);
  const words = cap.warned || cap.percent >= 80 ? `${cap.percent} %, warned` : `${cap.percent} %`;
  return (
    <tr>
      <th scope="row" class="mono wrap">
        {cap.cap}
      </th>
      <td class="n">{show(cap.used)}</td>
      <td class="n">{show(cap.reserved)}</td>
      <td class="n">
        {cap.limit === null ? "none" : show(cap.limit)}
        {cap.next !== undefined && <div class="s m">next run: {cap.next === null ? "none" : show(cap.next)}</div>}
      </td>
      <td class="used">
        <div class="track">
          <i class={cap.percent >= 80 ? "w" : ""} style={{ width: Math.min(100, cap.percent) + "%" }} />
        </div>
        <span class={"s num " + (cap.percent >= 80 ? "c-amber" : "m")}>{words}</span>
      </td>
    </tr>
  );
}

// First what is used most.
const Caps = ({ budgets }) =>
  budgets.caps.length === 0 ? (
    <Empty>No caps are set.</Empty>
  ) : (
    <div class="table" tabIndex={0} role="region" aria-label="Caps">
      <table>
        <thead>
          <tr>
            <th>Cap</th>
            <th class="n">Used</th>
            <th class="n">Reserved</th>
            <th class="n">Limit</th>
            <th>Share</th>
          </tr>
        </thead>
        <tbody>
          {[...budgets.caps].sort((a, b) => b.percent - a.percent).map((cap) => (
            <Cap key={cap.cap} cap={cap} currency={budgets.currency} />
          ))}
        </tbody>
      </table>
    </div>
  );

// ---- all of it ----

export function Costs({ base, query, shared }) {
  const by = BY.includes(query.get("by")) ? query.get("by") : "card",
    range = rangeOf(query);
  const sums = useData(`/v1/costs?by=${by}${range}`, changes),
    days = useData(`/v1/costs?by=day${range}`, changes),
    budgets = useData("/v1/budgets", (event) => changes(event) || /^budget\./.test(event.kind));
  return (
    <>
      <Bar by={by} query={query} />
      <div class="scroll costs" tabIndex={0} role="region" aria-label="Costs">
        <section>
          <h2>Per day</h2>
          <Loaded of={days}>{(data) => <Bars sums={data} />}</Loaded>
        </section>
        <section>
          <h2>By {by}</h2>
          <Loaded of={sums}>
            {(data) =>
              data.rows.length === 0 ? (
                <Empty>No model was asked.</Empty>
              ) : (
                <>
                  <Sums sums={data} />
                  <LeftOut rows={data.left_out} />
                </>
              )
            }
          </Loaded>
        </section>
        <section>
          <div class="row">
            <h2 class="grow">Caps</h2>
            {may("admin") && (
              <a class="link s" href={`${base}/settings/caps`}>
                Change caps
              </a>
            )}
          </div>
          <Loaded of={budgets}>{(data) => <Caps budgets={data} />}</Loaded>
        </section>
        <Success range={range} board={shared.board} />
      </div>
    </>
  );
}
