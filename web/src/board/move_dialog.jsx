// move_dialog.jsx: every status a card may be moved to, and why not the others. An allowed one is proposed at once;
// one that waits for something asks for what.

import { useEffect, useState } from "preact/hooks";
import { Dialog, Failure, Field, Loaded, Refusal, useAct } from "../shared/feedback.jsx";
import { useOnline } from "../shared/live.js";
import { reasonName, Status, statusName } from "../shared/status.jsx";
import { askMoves, propose, staleness, stays } from "./moves.js";

function Option({ move, off, choose }) {
  return (
    <li>
      <button
        type="button"
        class="opt"
        data-status={move.status}
        aria-disabled={!move.allowed || off}
        onClick={choose}
      >
        <Status status={move.status} />
        <span class="grow">
          <span class="b">{statusName(move.status)}</span>
          {!move.allowed && <span class="s m why-not">{move.why}</span>}
        </span>
        {!move.allowed && <span class="mono f">{move.rule}</span>}
      </button>
    </li>
  );
}

function Reason({ move, busy, send, back }) {
  const [reason, set] = useState("input"),
    [why, setWhy] = useState("");
  const submit = (e) => {
    e.preventDefault();
    send({ reason, why: why.trim() || undefined });
  };
  return (
    <form onSubmit={submit}>
      <label class="field">
        {statusName(move.status)}: it waits for
        <select value={reason} onChange={(e) => set(e.target.value)}>
          {move.reasons.map((one) => (
            <option key={one} value={one}>
              {reasonName(one)}
            </option>
          ))}
        </select>
      </label>
      <Field title="Why (optional)" value={why} set={setWhy} />
      <div class="acts">
        <button type="button" class="btn" onClick={back}>
          Back
        </button>
        <button class="btn p" disabled={busy}>
          Move to {statusName(move.status)}
        </button>
      </div>
    </form>
  );
}

function useMoves(card) {
  const [state, set] = useState({});
  const load = () =>
    askMoves(card).then(
      (data) => set({ data }),
      (error) => set({ error, reload: load }),
    );
  useEffect(() => {
    load();
  }, []);
  return state;
}

// What stands against it: a verdict, or what the service said when it was proposed.
function Objection({ card, refused, error }) {
  if (refused)
    return (
      <div class="stays box red" role="alert">
        <div class="b">{stays(card)}</div>
        <Refusal why={refused.why} fix={refused.fix} rule={refused.rule} bare />
      </div>
    );
  return error ? (
    <div class="stays">
      <Failure error={error} />
    </div>
  ) : null;
}

export function MoveDialog({ card, status, close }) {
  const moves = useMoves(card),
    online = useOnline(),
    act = useAct();
  const [chosen, choose] = useState(status || null),
    [refused, refuse] = useState(null);
  const propound = (move, more) =>
    act.run(() =>
      propose(card, move.status, more).then(close, async (error) => {
        throw error.code === "ERR_STALE" ? await staleness(card, error) : error;
      }),
    );
  const pick = (move) => {
    act.clear();
    refuse(move.allowed ? null : move);
    if (!move.allowed || !online || act.busy) return;
    if (move.needs_reason) choose(move.status);
    else propound(move);
  };
  return (
    <Dialog title={`Move ${card.id}`} close={close}>
      <p class="m">
        {card.name}. It is in {statusName(card.status)}.
      </p>
      <Objection card={card} refused={refused} error={act.error} />
      <Loaded of={moves}>
        {(data) => {
          const asked = data.moves.find((move) => move.status === chosen && move.allowed);
          return asked ? (
            <Reason
              move={asked}
              busy={act.busy || !online}
              send={(more) => propound(asked, more)}
              back={() => choose(null)}
            />
          ) : (
            <ul class="opts">
              {data.moves
                .filter((move) => move.status !== data.status)
                .map((move) => (
                  <Option key={move.status} move={move} off={act.busy || !online} choose={() => pick(move)} />
                ))}
            </ul>
          );
        }}
      </Loaded>
      <div class="acts">
        <button class="btn" onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
