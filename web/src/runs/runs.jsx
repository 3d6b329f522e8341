// runs.jsx: all runs, the newest first; one run: where it stands, its turns, start, resume and stop.

import { useState } from "preact/hooks";
import { id, post } from "../shared/api.js";
import { useData, useLive } from "../shared/live.js";
import { StartDialog } from "./start_dialog.jsx";
import { Transcript } from "../card/transcript.jsx";
import { Empty, Failure, Loaded, useAct } from "../shared/feedback.jsx";
import { count, money, seconds, When } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { Status, statusName } from "../shared/status.jsx";
import "./runs.css";

const RUN = {
  running: ["Running", "blue"],
  done: ["Done", "teal"],
  parked: ["Parked", "amber"],
  interrupted: ["Interrupted", "amber"],
  halted: ["Stopped", "amber"],
  canceled: ["Canceled", "gray"],
  failed: ["Failed", "red"],
};

function RunStatus({ status }) {
  const [name, colour] = RUN[status] || [status, "gray"];
  return (
    <span class={"pill " + colour}>
      {status === "running" && <span class="dot live" />}
      {name}
    </span>
  );
}

function Row({ run, base }) {
  return (
    <li>
      <a class="run" data-item href={`${base}/runs/${id(run.id)}`}>
        <span class="mono b ell">{run.id}</span>
        <RunStatus status={run.status} />
        <span class="m no-s">
          <When at={run.started_at} />
        </span>
        <span class="m num no-s">{run.turns} turns</span>
        <span class="m num no-s">{count(run.tokens_in + run.tokens_out)} tokens</span>
        <span class="num no-s">{run.money > 0 ? money(run.money) : ""}</span>
      </a>
    </li>
  );
}

function List({ base, shared }) {
  const [starts, start] = useState(false),
    [before, setBefore] = useState("");
  const runs = useData("/v1/runs" + (before && `?before=${id(before)}`), (event) =>
    /^(run|turn)\./.test(event.kind),
  );
  return (
    <>
      <div class="bar">
        <h1>Runs</h1>
        <span class="grow" />
        <button class="btn p" onClick={() => start(true)}>
          Start run
        </button>
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
                    <Row key={run.id} run={run} base={base} />
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
          cards={shared.board.data ? shared.board.data.cards : []}
          base={base}
          close={() => start(false)}
        />
      )}
    </>
  );
}

function Figures({ run }) {
  const cards = Object.entries(run.cards || {});
  return (
    <>
      <dl class="tiles">
        <div>
          <dt>Turns</dt>
          <dd>{run.turns}</dd>
        </div>
        <div>
          <dt>Steps</dt>
          <dd>{run.steps}</dd>
        </div>
        <div>
          <dt>Tokens</dt>
          <dd>{count(run.tokens_in + run.tokens_out)}</dd>
        </div>
        <div>
          <dt>Cost</dt>
          <dd>{run.money > 0 ? money(run.money) : "no price"}</dd>
        </div>
        <div>
          <dt>Working time</dt>
          <dd>{run.seconds === undefined ? "so far" : seconds(run.seconds)}</dd>
        </div>
        <div>
          <dt>Began</dt>
          <dd>
            <When at={run.started_at} />
          </dd>
        </div>
      </dl>
      <ul class="counts">
        {cards.map(([status, n]) => (
          <li key={status} class="row">
            <Status status={status} />
            {statusName(status)} <b class="num">{n}</b>
          </li>
        ))}
      </ul>
    </>
  );
}

const ENDED = ["done", "canceled"];

function Acts({ run, reload }) {
  const act = useAct(),
    live = useLive(),
    off = act.busy || live.state !== "live";
  const send = (verb) => act.run(() => post(`/v1/runs/${id(run.id)}/${verb}`, {})).then(reload);
  return (
    <>
      {run.status === "running" && (
        <button class="btn d" disabled={off} onClick={() => send("halt")}>
          Stop run
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

function One({ base, name }) {
  const run = useData(`/v1/runs/${id(name)}`, (event) => event.run === name || /^run\./.test(event.kind));
  return (
    <>
      <div class="bar">
        <a class="btn g q" href={`${base}/runs`} aria-label="All runs">
          <Icon name="back" />
        </a>
        <h1 class="mono ell">{name}</h1>
        {run.data && <RunStatus status={run.data.status} />}
        <span class="grow" />
        {run.data && <Acts run={run.data} reload={run.reload} />}
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label={"Run " + name}>
        <Loaded of={run}>
          {(data) => (
            <>
              <Figures run={data} />
              <div class="runbody">
                <p class="m">
                  Works on{" "}
                  <a class="link mono" href={`${base}/cards/${id(data.card)}`}>
                    {data.card}
                  </a>
                </p>
                <h2>Turns</h2>
                <Transcript
                  path={`/v1/runs/${id(name)}/transcript`}
                  base={base}
                  matters={(event) => event.run === name}
                  cards
                />
              </div>
            </>
          )}
        </Loaded>
      </div>
    </>
  );
}

export const Runs = ({ base, name, shared }) =>
  name ? <One key={name} base={base} name={name} /> : <List base={base} shared={shared} />;
