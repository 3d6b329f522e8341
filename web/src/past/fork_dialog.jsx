// fork_dialog.jsx: a new run goes on from an event of another one, with what is changed for it. The source stays.

import { useRef, useState } from "preact/hooks";
import { id, nonce, post } from "../shared/api.js";
import { Dialog, Failure, Field, useAct } from "../shared/feedback.jsx";
import { useLive } from "../shared/live.js";
import { useOnce } from "../shared/once.js";
import { go } from "../shared/router.js";

const OVER = ["done", "canceled", "archived"];

// How many cards of the run's epic are open at the point.
function useOpenCards(run, at) {
  const point = at && `at=${at}`;
  const board = useOnce(point && `/v1/board?${point}`),
    one = useOnce(point && `/v1/runs/${id(run)}?figures=true&${point}`);
  if (!board.data || !one.data) return null;
  return board.data.cards.filter((card) => card.epic === one.data.card && !OVER.includes(card.status)).length;
}

const cardsContinue = (n) => (n === 1 ? "1 open card continues" : `${n} open cards continue`);

const lines = (text) => text.split("\n").filter((line) => line.trim());

function Changes({ set, change }) {
  return (
    <details>
      <summary>Change something for the fork</summary>
      <label class="field">
        Fields, KEY=VALUE or CARD:KEY=VALUE, one a line
        <textarea
          class="txt mono"
          rows="2"
          value={set.fields}
          onInput={(e) => change({ ...set, fields: e.target.value })}
        />
      </label>
      <Field
        title="Role with a script of its own"
        value={set.role}
        set={(role) => change({ ...set, role })}
      />
      {set.role && (
        <label class="field">
          Its script (Lua)
          <textarea
            class="txt mono"
            rows="6"
            value={set.script}
            onInput={(e) => change({ ...set, script: e.target.value })}
          />
        </label>
      )}
    </details>
  );
}

function request(point, set) {
  const fields = lines(set.fields),
    role = set.role.trim();
  return {
    at: String(point),
    set: fields.length ? fields : undefined,
    role: role || undefined,
    script: role ? set.script : undefined,
  };
}

export function ForkDialog({ run, at, base, close }) {
  const [point, setPoint] = useState(String(at)),
    [set, change] = useState({ fields: "", role: "", script: "" }),
    [starts, setStarts] = useState(false);
  const act = useAct(),
    live = useLive(),
    isPoint = /^[1-9]\d*$/.test(point),
    made = useRef({}), // a fork that was made and could not be started is not made twice
    open = useOpenCards(run, isPoint && point);
  const send = async (e) => {
    e.preventDefault();
    const wanted = request(point, set),
      wish = JSON.stringify(wanted);
    const done = await act.run(async () => {
      if (made.current.wish !== wish) made.current = { wish, once: nonce() };
      const one = made.current;
      one.fork = one.fork || (await post(`/v1/runs/${id(run)}/fork`, wanted, one.once));
      if (starts) await post("/v1/runs", { card: one.fork.card });
      return one.fork;
    });
    if (!done) return;
    close();
    go(`${base}/runs/${id(done.run)}`);
  };
  return (
    <Dialog title={`Fork ${run}`} close={close}>
      <form onSubmit={send}>
        <Field
          title="From event"
          class="txt num"
          value={point}
          set={(text) => setPoint(text.trim())}
          inputMode="numeric"
          required
          autofocus
        />
        <p class="m">
          {open === null ? "Its open cards continue" : cardsContinue(open)} in a new run. {run} and its files stay
          as they are.
        </p>
        <Changes set={set} change={change} />
        <label class="row">
          <input type="checkbox" checked={starts} onChange={(e) => setStarts(e.target.checked)} />
          Start the new run at once
        </label>
        {act.error && <Failure error={act.error} />}
        <div class="acts">
          <button type="button" class="btn" onClick={close}>
            Cancel
          </button>
          <button class="btn p" disabled={act.busy || !isPoint || live.state !== "live"}>
            {act.busy ? "Forking" : "Fork from here"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
