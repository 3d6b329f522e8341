// try_edit.jsx: what an edit of the script or setting that refused a call would make of it; nothing is written.

import { useEffect, useRef, useState } from "preact/hooks";
import { id, post } from "../shared/api.js";
import { Dialog, Failure, Loaded, Refusal, useAct } from "../shared/feedback.jsx";
import { useOnline } from "../shared/live.js";
import { useOnce } from "../shared/once.js";

// The file that decides, and its line where that is known: "nodes/policy/a.lua:7", "config/organization.json#/…".
export function placeOf(where) {
  const [, path, line] = /^((?:roles|nodes|tools)\/[^:#]+\.lua|config\/organization\.json)(?::(\d+))?/.exec(where || "") || [];
  return path && { path, line: Number(line) || 1 };
}

const WORDS = { allow: "would be allowed", ask: "would need approval", deny: "would be refused" };

function Outcome({ after }) {
  if (after.decision === "allow")
    return (
      <p class="b c-teal" role="status">
        With this edit the call would be allowed.
      </p>
    );
  return (
    <div role="status">
      <p class="b">With this edit the call {WORDS[after.decision]}.</p>
      <Refusal {...after} asks={after.decision === "ask"} />
    </div>
  );
}

// The line that decides is where the editing begins.
function useLine(line) {
  const area = useRef();
  useEffect(() => {
    const before = area.current.value.split("\n").slice(0, line - 1).join("\n").length;
    area.current.setSelectionRange(before, before);
    area.current.focus();
    area.current.scrollTop = Math.max(0, line - 4) * parseFloat(getComputedStyle(area.current).lineHeight);
  }, []);
  return area;
}

function Editor({ event, place, text, close }) {
  const [edited, set] = useState(text),
    act = useAct(),
    online = useOnline(),
    area = useLine(place.line);
  const send = (e) => {
    e.preventDefault();
    act.run(() => post(`/v1/why-not/${event}`, { path: place.path, text: edited }));
  };
  const change = (e) => {
    set(e.target.value);
    act.clear();
  };
  return (
    <form onSubmit={send}>
      <label class="field">
        <span class="mono">{place.path}</span>
        <textarea ref={area} class="txt mono source" rows="16" spellcheck={false} value={edited} onInput={change} />
      </label>
      {act.done && <Outcome after={act.done.after} />}
      {act.error && <Failure error={act.error} />}
      <div class="acts">
        <button type="button" class="btn" onClick={close}>
          Close
        </button>
        <button class="btn p" disabled={act.busy || !online || edited === text}>
          {act.busy ? "Trying" : "Try edit"}
        </button>
      </div>
    </form>
  );
}

const sourceOf = (path) =>
  path.endsWith(".lua") ? "/v1/scripts/" + id(path) : "/v1/system/read?path=" + id(path);

export function TryEdit({ event, place }) {
  const [open, set] = useState(false);
  const close = () => set(false);
  return (
    <>
      <button class="btn" onClick={() => set(true)}>
        Try an edit
      </button>
      {open && (
        <Dialog title="Try an edit" close={close}>
          <p class="s m">The call is judged again with the file as you edit it here. Nothing is written.</p>
          <Source event={event} place={place} close={close} />
        </Dialog>
      )}
    </>
  );
}

function Source({ event, place, close }) {
  const file = useOnce(sourceOf(place.path));
  return (
    <Loaded of={file}>
      {(data) => <Editor event={event} place={place} text={data.text ?? data.content} close={close} />}
    </Loaded>
  );
}
