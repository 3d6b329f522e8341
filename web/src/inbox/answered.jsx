// answered.jsx: what was asked and is settled: how, by whom, and with which words.

import { RefusalItem } from "../card/refusal_list.jsx";
import { id } from "../shared/api.js";
import { aboutCall } from "../shared/calls.js";
import { Empty, Loaded } from "../shared/feedback.jsx";
import { actorName, When } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { useData } from "../shared/live.js";
import { visible } from "../shared/visible.js";

const OUTCOMES = {
  approved: ["Approved once", "done", "teal"],
  used: ["Approved once, and used", "done", "teal"],
  refused: ["Approved, then refused by a rule", "refused", "red"],
  denied: ["Denied", "refused", "red"],
  expired: ["Expired", "canceled", "gray"],
  void: ["Void", "canceled", "gray"],
};

function Outcome({ status }) {
  const [name, icon, colour] = OUTCOMES[status] || [status, "unknown", "gray"];
  return (
    <span class={"pill " + colour}>
      <Icon name={icon} />
      {name}
    </span>
  );
}

const Row = ({ row, base }) => (
  <li>
    <a class="answered" data-item href={`${base}/inbox/approval/${id(row.id)}`}>
      <Outcome status={row.status} />
      <span class="b ell">{visible(aboutCall(row))}</span>
      <span class="mono m ell">{row.card}</span>
      <span class="m ell">{[actorName(row.answered_by), row.answer_why].filter(Boolean).join(": ")}</span>
      <span class="f s">{row.answered_at && <When at={row.answered_at} />}</span>
    </a>
  </li>
);

export function AnsweredList({ base }) {
  const all = useData("/v1/approvals?all=true", (event) => /^approval\./.test(event.kind));
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Answered approvals">
      <Loaded of={all}>
        {({ items }) => {
          const rows = items.filter((row) => row.status !== "pending").reverse();
          return rows.length === 0 ? (
            <Empty>No approval was answered yet.</Empty>
          ) : (
            <ul>
              {rows.map((row) => (
                <Row key={row.id} row={row} base={base} />
              ))}
            </ul>
          );
        }}
      </Loaded>
    </div>
  );
}

// Why a yes did not count: what the card was told.
function Cause({ row, base }) {
  const path = `/v1/reports?card=${id(row.card)}&run=${id(row.run)}&rule=approval.void&limit=1`;
  const told = useData(path, (event) => event.card === row.card);
  return (
    <Loaded of={told}>
      {({ items }) =>
        items.length > 0 ? (
          <RefusalItem report={items[0]} base={base} />
        ) : (
          <p>The card was given up, or what was asked for is no longer as it was.</p>
        )
      }
    </Loaded>
  );
}

function AnsweredOne({ row, base }) {
  const by = row.answered_by && `By ${actorName(row.answered_by)}`;
  return (
    <div class="in">
      <Outcome status={row.status} />
      <h2 class="wrap">{visible(aboutCall(row))}</h2>
      <p class="wrap">{[by, row.answer_why].filter(Boolean).join(": ")}</p>
      {row.status === "void" && <Cause row={row} base={base} />}
      <p>
        Card{" "}
        <a class="link mono" href={`${base}/cards/${id(row.card)}`}>
          {row.card}
        </a>{" "}
        goes on with its run,{" "}
        <a class="link mono" href={`${base}/runs/${id(row.run)}`}>
          {row.run}
        </a>
        .
      </p>
    </div>
  );
}

// An item that does not wait any more.
export function Gone({ kind, name, base }) {
  const asked = useData(kind === "approval" ? `/v1/approvals/${id(name)}` : null);
  return (
    <section class="ask" aria-label="Answered">
      {kind === "approval" ? (
        <Loaded of={asked}>{(row) => <AnsweredOne row={row} base={base} />}</Loaded>
      ) : (
        <div class="in">
          <h2>Answered</h2>
          <p>This needs no answer any more.</p>
          {kind !== "scripts" && kind !== "proposal" && (
            <p>
              <a class="link" href={`${base}/cards/${id(name)}`}>
                Open {name}
              </a>
            </p>
          )}
        </div>
      )}
    </section>
  );
}
