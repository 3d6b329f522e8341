// ask_dialog.jsx: asks for a plan, or begins a conversation: what is wanted, and for which team.

import { id, post } from "../shared/api.js";
import { Dialog, Failure, useAct } from "../shared/feedback.jsx";
import { useUnsent } from "../shared/unsent.js";
import { useOnline } from "../shared/live.js";
import { go } from "../shared/router.js";
import { useIdempotencyKey } from "../shared/idempotency.js";

const PLAN = {
  title: "Plan something",
  path: "/v1/plans",
  view: "plans",
  label: "What do you want?",
  hint: "An analyst and an architect propose a rock with epics and issues. Nothing is made before you accept it.",
  send: "Ask for a plan",
};
const CHAT = {
  title: "New conversation",
  path: "/v1/conversations",
  view: "chat",
  label: "Your first words",
  hint: "A seat of the team looks at the board and answers. What it proposes is made only after your approval.",
  send: "Begin",
};

const FIELDS = [
  ["team", "Team", "needed when there are several"],
  ["environment", "Environment", "needed when there are several"],
];
const ROLE = ["role", "Role", "operations_lead"];

export function AskDialog({ kind, base, close }) {
  const what = kind === "plan" ? PLAN : CHAT;
  const [text, set, drop] = useUnsent("ask." + kind),
    act = useAct(),
    online = useOnline(),
    request = useIdempotencyKey();
  const send = async (e) => {
    e.preventDefault();
    const given = Object.fromEntries([...new FormData(e.target)].filter(([, value]) => value.trim()));
    const begun = await act.run(() => post(what.path, given, request.key(given)));
    if (!begun) return;
    drop();
    go(`${base}/${what.view}/${id(begun.card)}`, true);
  };
  return (
    <Dialog title={what.title} close={close}>
      <form onSubmit={send}>
        <p class="m">{what.hint}</p>
        <label class="field">
          {what.label}
          <textarea
            class="txt"
            name="text"
            rows="5"
            required
            autofocus
            maxLength="20000"
            value={text}
            onInput={(e) => set(e.target.value)}
          />
        </label>
        <details>
          <summary>Options</summary>
          {[...FIELDS, ...(kind === "chat" ? [ROLE] : [])].map(([name, title, hint]) => (
            <label key={name} class="field">
              {title}
              <input class="txt" name={name} placeholder={hint} />
            </label>
          ))}
          {kind === "plan" && (
            <label class="row">
              <input type="checkbox" name="label" value="untrusted" />
              Someone else wrote this text (label untrusted)
            </label>
          )}
        </details>
        {act.error && <Failure error={act.error} />}
        <div class="acts">
          <button type="button" class="btn" onClick={close}>
            Cancel
          </button>
          <button class="btn p" disabled={act.busy || !text.trim() || !online}>
            {act.busy ? "Sending" : what.send}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
