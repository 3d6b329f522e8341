// cost.jsx: what a card cost: a row for each request to a model.

import { id } from "../shared/api.js";
import { Empty, Loaded } from "../shared/feedback.jsx";
import { count, money, When } from "../shared/format.jsx";
import { useData } from "../shared/live.js";

const MOST = 200;

const Row = ({ row, currency, base }) => (
  <tr>
    <td>
      <a class="link mono" href={`${base}/runs/${id(row.run)}?event=${row.turn}`}>
        {row.turn}.{row.step}
        {row.attempt > 1 && ` #${row.attempt}`}
      </a>
    </td>
    <td class="no-s">
      <When at={row.at} />
    </td>
    <td class="mono">{row.model}</td>
    <td class="n">{row.tokens_in !== undefined && count(row.tokens_in)}</td>
    <td class="n">{row.tokens_out !== undefined && count(row.tokens_out)}</td>
    <td class="n no-s">{row.ms !== undefined && `${(row.ms / 1000).toFixed(1)} s`}</td>
    <td class="n">{row.code ? <span class="c-red">{row.code}</span> : money(row.money, currency)}</td>
  </tr>
);

export function Cost({ card, base }) {
  const path = `/v1/requests?card=${id(card.id)}&limit=${MOST}`;
  const all = useData(path, (event) => event.card === card.id && event.kind.startsWith("step."));
  return (
    <Loaded of={all}>
      {({ items, currency, next }) =>
        items.length === 0 ? (
          <Empty>No model was asked.</Empty>
        ) : (
          <div class="table" tabIndex={0} role="region" aria-label="Requests">
            <table>
              <thead>
                <tr>
                  <th>Turn, step</th>
                  <th class="no-s">At</th>
                  <th>Model</th>
                  <th class="n">In</th>
                  <th class="n">Out</th>
                  <th class="n no-s">Took</th>
                  <th class="n">Cost</th>
                </tr>
              </thead>
              <tbody>
                {items.map((row) => (
                  <Row key={row.seq} row={row} currency={currency} base={base} />
                ))}
              </tbody>
            </table>
            {next && <p class="s m">The newest {MOST} requests. Costs has all of them.</p>}
          </div>
        )
      }
    </Loaded>
  );
}
