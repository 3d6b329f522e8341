// bars.jsx: a bar per day, as high as what the day cost, or its tokens where no price is known. The table of the same
// figures stands below for those who do not see it.

import { Empty } from "../shared/feedback.jsx";
import { count, money } from "../shared/format.jsx";

const HEIGHT = 120,
  MOST = 60; // days

const SHORT = { day: "numeric", month: "short", timeZone: "UTC" };
const shortDay = (text) => new Date(text + "T00:00:00Z").toLocaleDateString("en", SHORT);

// From the first day to the last one, those without a request too.
function filled(rows) {
  const by = new Map(rows.map((row) => [row.name, row])),
    days = [];
  const end = new Date(rows.at(-1).name + "T00:00:00Z");
  for (let at = new Date(rows[0].name + "T00:00:00Z"); at <= end; at = new Date(+at + 864e5)) {
    const name = at.toISOString().slice(0, 10);
    days.push(by.get(name) || { name, calls: 0, tokens_in: 0, tokens_out: 0, money: 0 });
  }
  return days.slice(-MOST);
}

function Bar({ day, i, value, top, text, every }) {
  const height = top > 0 ? Math.max(value > 0 ? 2 : 0, (value / top) * (HEIGHT - 26)) : 0;
  return (
    <g transform={`translate(${i * 20} 0)`}>
      <title>{`${day.name}: ${text}, ${day.calls} requests`}</title>
      <rect class="back" x="0" y="0" width="20" height={HEIGHT} />
      <rect class="value" x="3" y={HEIGHT - 18 - height} width="14" height={height} rx="2" />
      {i % every === 0 && (
        <text x="0" y={HEIGHT - 4}>
          {shortDay(day.name)}
        </text>
      )}
    </g>
  );
}

export function Bars({ sums }) {
  if (sums.rows.length === 0) return <Empty>No data: no model was asked in these days.</Empty>;
  const priced = sums.total.money !== undefined,
    days = filled([...sums.rows].sort((a, b) => (a.name < b.name ? -1 : 1)));
  const valueOf = (day) => (priced ? day.money || 0 : day.tokens_in + day.tokens_out);
  const textOf = (day) => (priced ? money(day.money, sums.currency) : count(valueOf(day)) + " tokens");
  const top = Math.max(...days.map(valueOf)),
    every = Math.max(3, Math.ceil(days.length / 12));
  return (
    <figure class="bars">
      <figcaption class="s m">
        {priced ? "Cost" : "Tokens"} per day, UTC{!priced && "; no price is known"}. Most:{" "}
        {textOf(days.find((day) => valueOf(day) === top))}
      </figcaption>
      <div class="table" tabIndex={0} role="region" aria-label="Chart per day">
        <svg
          width={Math.max(days.length * 20, 60)}
          height={HEIGHT}
          role="img"
          aria-label={`${days.length} days; the table has the figures`}
        >
          <line x1="0" x2="100%" y1={HEIGHT - 17.5} y2={HEIGHT - 17.5} />
          {days.map((day, i) => (
            <Bar key={day.name} {...{ day, i, top, every }} value={valueOf(day)} text={textOf(day)} />
          ))}
        </svg>
      </div>
      <details>
        <summary>Table</summary>
        <table>
          <thead>
            <tr>
              <th>Day</th>
              <th class="n">Requests</th>
              <th class="n">Tokens</th>
              <th class="n">Cost</th>
            </tr>
          </thead>
          <tbody>
            {days.map((day) => (
              <tr key={day.name}>
                <td>{day.name}</td>
                <td class="n">{day.calls}</td>
                <td class="n">{count(day.tokens_in + day.tokens_out)}</td>
                <td class="n">{day.calls > 0 ? money(day.money, sums.currency) : ""}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
