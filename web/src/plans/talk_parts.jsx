// talk_parts.jsx: what a plan's page and a conversation's have in common: where it stands, its card and its run.

import { useEffect, useState } from "preact/hooks";
import { id, post } from "../shared/api.js";
import { Icon } from "../shared/icons.jsx";
import { useData } from "../shared/live.js";
import { may } from "../shared/me.js";
import { statusOf } from "./talks.js";

function TalkStatus({ status }) {
  const [name, colour, icon] = statusOf(status);
  return (
    <span class={"pill " + colour}>
      <Icon name={icon} />
      {name}
    </span>
  );
}

export const TalkHead = ({ status, row, base }) => (
  <div class="row m talk-head">
    <TalkStatus status={status} />
    <span class="mono">{row.id}</span>
    <a class="link" href={`${base}/cards/${id(row.card)}`}>
      Card
    </a>
    {row.run && (
      <a class="link" href={`${base}/runs/${id(row.run)}`}>
        Run
      </a>
    )}
  </div>
);

const SECOND = 700; // ms in which the second click of two may come

// True for a while after `what` changed: a click that was meant for what stood there before.
function useFresh(what) {
  const [old, set] = useState(what);
  useEffect(() => {
    const timer = setTimeout(set, SECOND, what);
    return () => clearTimeout(timer);
  }, [what]);
  return old !== what;
}

// Stops the run that is at work, or goes on with one that was stopped.
export function RunActs({ run, isOpen, act, off }) {
  const { data, reload } = useData(
    run && `/v1/runs/${id(run)}`,
    (event) => event.run === run && /^run\./.test(event.kind),
  );
  const verb = data && data.status === "running" ? "halt" : "resume",
    isFresh = useFresh(verb);
  if (!data || !isOpen || !may("run")) return null;
  const stop = data.stopping ? "Stop now" : "Stop";
  return (
    <button
      type="button"
      class={"btn" + (verb === "halt" ? " d" : "")}
      disabled={off || isFresh}
      onClick={() => act.run(() => post(`/v1/runs/${id(run)}/${verb}`, {})).then(reload)}
    >
      {verb === "halt" ? stop : "Go on"}
    </button>
  );
}
