// past.jsx: the project as it was: `?at=SEQ` in the URL of the board, a card, a run or a plan. What is shown is that of the
// point; what changes the live project is absent.

import { useState } from "preact/hooks";
import { useData } from "../shared/live.js";
import { may } from "../shared/me.js";
import { useOnce } from "../shared/once.js";
import { setQuery } from "../shared/router.js";
import { Icon } from "../shared/icons.jsx";
import { time } from "../timeline/scrubber.jsx";
import { ForkDialog } from "./fork_dialog.jsx";
import "./past.css";

const VIEWS = ["board", "cards", "runs", "plans", "chat"]; // that can look back

// The event after which the project is shown, or null: now.
export function pointOf(view, query) {
  const at = query.get("at");
  return VIEWS.includes(view) && /^[1-9]\d{0,14}$/.test(at || "") ? Number(at) : null;
}

// What `?at=` says where that is no event's number.
export function wrongPoint(view, query) {
  const at = query.get("at");
  return VIEWS.includes(view) && at && !pointOf(view, query) ? at : null;
}

export const WrongPoint = ({ at }) => (
  <section class="past" aria-label="Point in time" role="alert">
    <span class="grow wrap">There is no event {at}. You see the project as it is now.</span>
    <button class="btn" data-key="." onClick={() => setQuery("at", "")}>
      Back to now
    </button>
  </section>
);

// A path of the service as of the point.
export const asOf = (path, at) => (at ? `${path}${path.includes("?") ? "&" : "?"}at=${at}` : path);

// Of data as of a point nothing changes; now, everything that `matters` does.
export function useDataAt(path, at, matters) {
  const now = useData(at ? null : path, matters),
    then = useOnce(at && path ? asOf(path, at) : null);
  return at ? then : now;
}

// The run that a fork goes on from: the one that is looked at, else that of the event, else the newest of then.
function useRun(event, run, at) {
  const runs = useOnce(event && event.run === "board" && !run ? asOf("/v1/runs?limit=1", at) : null);
  if (run) return run;
  if (event && event.run !== "board") return event.run;
  return runs.data && runs.data.items.length > 0 ? runs.data.items[0].id : null;
}

export function PastBanner({ at, view, run, base }) {
  const [forks, fork] = useState(false);
  const events = useOnce(`/v1/events?after=${at - 1}&limit=1`);
  const event = events.data && events.data.items[0],
    of = useRun(event, run, at);
  const missing = events.error ? events.error.code === "ERR_STALE" : events.data && !event;
  return (
    <section class="past" aria-label="Point in time">
      <span class="grow">
        {missing
          ? `There is no event ${at} yet.`
          : `You see the project as it was at event ${at}${event ? ", " + time(event.at) : ""}.`}
      </span>
      {!missing && view !== "board" && (
        <a class="btn" href={`${base}/board?at=${at}`}>
          Board<span class="no-s"> at this point</span>
        </a>
      )}
      {!missing && of && may("run") && (
        <button class="btn" data-key="f" onClick={() => fork(true)}>
          <Icon name="fork" />
          Fork from here
        </button>
      )}
      <button class="btn" data-key="." onClick={() => setQuery("at", "")}>
        Back to now
      </button>
      {forks && <ForkDialog run={of} at={at} base={base} close={() => fork(false)} />}
    </section>
  );
}
