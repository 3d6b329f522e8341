// start_dialog.jsx: a run of a card begins, or goes on; the service says why when it cannot.

import { useState } from "preact/hooks";
import { id, post } from "../shared/api.js";
import { useLive } from "../shared/live.js";
import { go } from "../shared/router.js";
import { useIdempotencyKey } from "../shared/idempotency.js";
import { Dialog, Failure, Field, useAct } from "../shared/feedback.jsx";

const ENDED = ["done", "canceled", "archived"];

// What the service says of its own field, in the words of this dialog.
const inWords = (error) =>
  error.code === "ERR_TRANSITION" ? { ...error, message: error.message, fix: 'Choose "Build a finished epic anew".' } : error;

export function StartDialog({ cards, base, given, anew, close }) {
  const [card, set] = useState(given || ""),
    [again, setAgain] = useState(!!anew),
    act = useAct(),
    live = useLive();
  const request = useIdempotencyKey();
  const send = async (e) => {
    e.preventDefault();
    const body = { card: card.trim(), again: again || undefined };
    const begun = await act.run(() => post("/v1/runs", body, request.key(body)));
    if (begun) go(`${base}/runs/${id(begun.run)}`);
  };
  return (
    <Dialog title="Start run" close={close}>
      <form onSubmit={send}>
        <Field title="Rock, epic or issue" value={card} set={set} list="startable" required autofocus />
        <datalist id="startable">
          {cards
            .filter((one) => !ENDED.includes(one.status) || one.type === "epic")
            .map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
        </datalist>
        <p class="s m">
          An epic of config/epics that has no card yet can be named too. A run that did not end goes on.
        </p>
        <label class="row">
          <input type="checkbox" checked={again} onChange={(e) => setAgain(e.target.checked)} />
          Build a finished epic anew
        </label>
        {act.error && <Failure error={inWords(act.error)} />}
        <div class="acts">
          <button type="button" class="btn" onClick={close}>
            Cancel
          </button>
          <button class="btn p" disabled={act.busy || !card.trim() || live.state !== "live"}>
            {act.busy ? "Starting" : "Start run"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
