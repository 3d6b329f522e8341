// runs.jsx: all runs, the newest first; start, resume and stop; one run and two of them are views of their own.

import { useState } from "preact/hooks";
import { id, post } from "../shared/api.js";
import { useCurrency } from "../shared/currency.js";
import { useLive } from "../shared/live.js";
import { may } from "../shared/me.js";
import { StartDialog } from "./start_dialog.jsx";
import { RunView } from "../timeline/run_view.jsx";
import { useDataAt } from "../past/past.jsx";
import { Comparison } from "./comparison.jsx";
import { Empty, Failure, Loaded, useAct } from "../shared/feedback.jsx";
import { count, money, When } from "../shared/format.jsx";
import "./runs.css";

const RUN = {
  running: ["Running", "blue"],
  done: ["Done", "teal"],
  parked: ["Parked", "amber"],
  interrupted: ["Interrupted", "amber"],
  halted: ["Stopped", "amber"],
  drained: ["Stopped", "amber"],
  partial: ["Not finished", "amber"],
  forked: ["Forked", "gray"],
  canceled: ["Canceled", "gray"],
  failed: ["Failed", "red"],
};

const nameOf = (status) => RUN[status] || [status, "gray"];

// One line, where nothing else of the page is.
export const runLine = (run, status) => `${run}: ${nameOf(status)[0]}`;

export function RunStatus({ status, stopping }) {
  const [name, colour] = nameOf(status);
  return (
    <span class={"pill " + colour}>
      {status === "running" && <span class="dot live" />}
      {stopping ? "Stopping" : name}
    </span>
  );
}

function Row({ run, name, base, currency }) {
  return (
    <li>
      <a class="run" data-item href={`${base}/runs/${id(run.id)}`}>
        <span class="ell">
          <span class="mono b">{run.id}</span> <span class="m">{name}</span>
        </span>
        <RunStatus status={run.status} stopping={run.stopping} />
        <span class="m no-s">
          <When at={run.started_at} />
        </span>
        <span class="m num no-s">{run.turns === 1 ? "1 turn" : run.turns + " turns"}</span>
        <span class="m num no-s">{count(run.tokens_in + run.tokens_out)} tokens</span>
        <span class="num no-s">{run.money > 0 ? money(run.money, currency) : ""}</span>
      </a>
    </li>
  );
}

function List({ base, shared }) {
  const at = shared.at,
    currency = useCurrency();
  const [starts, start] = useState(false),
    [before, setBefore] = useState("");
  const runs = useDataAt("/v1/runs" + (before && `?before=${id(before)}`), at, (event) =>
    /^(run|turn)\./.test(event.kind),
  );
  const cards = shared.board.data ? shared.board.data.cards : [],
    names = Object.fromEntries(cards.map((card) => [card.id, card.name]));
  return (
    <>
      <div class="bar">
        <h1>Runs</h1>
        <span class="grow" />
        {!at && may("run") && (
          <button class="btn p" data-key="s" onClick={() => start(true)}>
            Start run
          </button>
        )}
      </div>
      <div class="scroll pad" tabIndex={0} role="region" aria-label="Runs">
        <Loaded of={runs}>
          {(data) =>
            data.items.length === 0 ? (
              <Empty>No runs yet.</Empty>
            ) : (
              <>
                <ul class="runs">
                  {data.items.map((run) => (
                    <Row key={run.id} run={run} name={names[run.card]} base={base} currency={currency} />
                  ))}
                </ul>
                <div class="acts">
                  {before && (
                    <button class="btn" onClick={() => setBefore("")}>
                      Newest runs
                    </button>
                  )}
                  {data.next && (
                    <button class="btn" onClick={() => setBefore(data.next)}>
                      Older runs
                    </button>
                  )}
                </div>
              </>
            )
          }
        </Loaded>
      </div>
      {starts && (
        <StartDialog
          cards={cards}
          base={base}
          close={() => start(false)}
        />
      )}
    </>
  );
}

const ENDED = ["done", "canceled"];
const STOPS = ["Nothing new starts; replies under way are waited for", "Replies under way are given up"];

export function RunActs({ run, reload }) {
  const act = useAct(),
    live = useLive(),
    off = act.busy || live.state !== "live";
  if (!may("run")) return null;
  const send = (verb) => act.run(() => post(`/v1/runs/${id(run.id)}/${verb}`, {})).then(reload);
  return (
    <>
      {run.status === "running" && (
        <button class="btn d" disabled={off} onClick={() => send("halt")} title={STOPS[run.stopping ? 1 : 0]}>
          {run.stopping ? "Stop now" : "Stop run"}
        </button>
      )}
      {run.status !== "running" && !ENDED.includes(run.status) && (
        <button class="btn p" disabled={off} onClick={() => send("resume")}>
          Resume run
        </button>
      )}
      {act.done && act.done.message && (
        <span class="sr" role="status">
          {act.done.message}
        </span>
      )}
      {act.error && (
        <div class="under">
          <Failure error={act.error} />
        </div>
      )}
    </>
  );
}

export const Runs = ({ base, name, more, query, shared }) => {
  if (!name) return <List base={base} shared={shared} />;
  const [verb, other] = more;
  return verb === "compare" && other ? (
    <Comparison key={name + " " + other} base={base} one={name} other={other} />
  ) : (
    <RunView key={name} base={base} name={name} query={query} shared={shared} />
  );
};
