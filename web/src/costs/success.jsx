// success.jsx: what came of requests, per model and role, and how many cards are done for what was spent.

import { Empty, Loaded } from "../shared/feedback.jsx";
import { money } from "../shared/format.jsx";
import { useData } from "../shared/live.js";

const changes = (event) => /^(step\.(reply|failed)|turn\.ended)$/.test(event.kind);

// A share as a bar and as words: colour alone says nothing.
function Share({ name, good, all, what }) {
  const percent = Math.round((good / all) * 100);
  return (
    <li class="share-row">
      <span class="mono ell">{name}</span>
      <span class="track">
        <i style={{ width: percent + "%" }} />
      </span>
      <span class="s num">
        {percent} % of {all} {what}
      </span>
    </li>
  );
}

const Answered = ({ title, sums }) => (
  <>
    <h3>{title}</h3>
    {sums.rows.length === 0 ? (
      <Empty>No data</Empty>
    ) : (
      <ul>
        {sums.rows.map((row) => (
          <Share
            key={row.name}
            name={row.name}
            good={row.calls - row.failed}
            all={row.calls}
            what="requests"
          />
        ))}
      </ul>
    )}
  </>
);

const FINAL = ["done", "canceled"];

function Done({ cards, sums }) {
  const work = cards.filter((card) => card.type === "issue" && card.turns > 0),
    done = work.filter((card) => card.status === "done"),
    ended = work.filter((card) => FINAL.includes(card.status));
  if (work.length === 0) return <Empty>No data: no card was worked on.</Empty>;
  const spent = sums.total.money;
  return (
    <p>
      {done.length} of {work.length} cards that were worked on are done, {ended.length - done.length}{" "}
      canceled.{" "}
      {spent > 0 && done.length > 0 && `${money(spent / done.length, sums.currency)} per card that is done.`}
    </p>
  );
}

export function Success({ range, board }) {
  const models = useData("/v1/costs?by=model" + range, changes),
    roles = useData("/v1/costs?by=role" + range, changes);
  return (
    <section>
      <h2>Success</h2>
      <Loaded of={models}>
        {(sums) => (
          <>
            {board.data && <Done cards={board.data.cards} sums={sums} />}
            <Answered title="Requests that were answered, per model" sums={sums} />
          </>
        )}
      </Loaded>
      <Loaded of={roles}>
        {(sums) => <Answered title="Requests that were answered, per role" sums={sums} />}
      </Loaded>
    </section>
  );
}
