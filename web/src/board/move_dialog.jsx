// move.jsx: a person proposes a transition; the state machine decides, and a refusal says why and what else.

import { useState } from "preact/hooks";
import { post } from "../shared/api.js";
import { useLive } from "../shared/live.js";
import { Dialog, Failure, useAct } from "../shared/feedback.jsx";
import { reasonName, Status, STATUS, statusName } from "../shared/status.jsx";

const PARKED = ["blocked", "waiting_for_developer"];
const REASONS = ["resource", "dependency", "review", "input", "system"];

function Choices({ card, chosen, choose }) {
  return (
    <fieldset>
      <legend class="sr">To</legend>
      {Object.keys(STATUS)
        .filter((status) => status !== card.status)
        .map((status) => (
          <label key={status} class="opt">
            <input type="radio" name="status" checked={chosen === status} onChange={() => choose(status)} />
            <Status status={status} />
            {statusName(status)}
          </label>
        ))}
    </fieldset>
  );
}

export function MoveDialog({ card, close }) {
  const [status, choose] = useState(null),
    [reason, setReason] = useState("input"),
    [why, setWhy] = useState("");
  const act = useAct(),
    live = useLive(),
    parks = PARKED.includes(status);
  const send = async (e) => {
    e.preventDefault();
    const body = { card: card.id, status, why: why || undefined, reason: parks ? reason : undefined };
    if (await act.run(() => post("/v1/acts/move", body))) close();
  };
  return (
    <Dialog title={`Move ${card.id}`} close={close}>
      <form onSubmit={send}>
        <p class="m">
          {card.name}. It is in {statusName(card.status)}.
        </p>
        {act.error && (
          <div class="stays">
            <Failure error={act.error} />
          </div>
        )}
        <Choices
          card={card}
          chosen={status}
          choose={(to) => {
            act.clear();
            choose(to);
          }}
        />
        {parks && (
          <label class="field">
            It waits for
            <select value={reason} onChange={(e) => setReason(e.target.value)}>
              {REASONS.map((one) => (
                <option key={one} value={one}>
                  {reasonName(one)}
                </option>
              ))}
            </select>
          </label>
        )}
        <label class="field">
          Why (optional)
          <input class="txt" value={why} onInput={(e) => setWhy(e.target.value)} />
        </label>
        <div class="acts">
          <button type="button" class="btn" onClick={close}>
            Cancel
          </button>
          <button class="btn p" disabled={!status || act.busy || live.state !== "live"}>
            Move
          </button>
        </div>
      </form>
    </Dialog>
  );
}
