// alerts.jsx: what a person should know besides the cards, above the board: each in a line that leads to where it can
// be dealt with. What waits for an answer stands above it (needs_you.jsx), and not here once more.

import { useState } from "preact/hooks";
import { id } from "../shared/api.js";
import { When } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { useData } from "../shared/live.js";
import { visible } from "../shared/visible.js";
import "./alerts.css";

const MOST = 4;

// kind -> icon, colour, the view that deals with it and what it is called (none: its line is never cut)
const KINDS = {
  disk: ["refused", "red"],
  stopped: ["blocked", "amber", ({ subject }) => "runs" + (subject ? "/" + id(subject) : ""), "Runs"],
  outage: ["model", "amber", () => "settings/models", "Models"],
  notify: ["unknown", "amber"],
  canary: ["file", "blue", () => "scripts", "Scripts"],
  cap: ["costs", "amber", () => "costs", "Costs"],
  examples: ["plans", "blue"],
};

const CHANGES = /^(run|model|budget|notice|canary|example|refinement|config|alerts)\b|^(turn\.ended|card\.moved)$/;

// Many caps are one line.
function shownOf(alerts, waiting) {
  const asked = new Set(waiting.map((item) => item.cap)),
    rest = alerts.filter((one) => KINDS[one.kind] && one.kind !== "cap"),
    caps = alerts.filter((one) => one.kind === "cap" && !asked.has(one.subject));
  const many = { kind: "cap", what: `${caps.length} budgets are nearly used up` };
  return [...rest, ...(caps.length < 2 ? caps : [many])];
}

// A name stays as it is written. The page has no view of examples: their line names the command.
function sentence({ kind, subject, what, text }) {
  const words = kind === "examples" ? text : what;
  return visible(subject && words.startsWith(subject) ? words : words[0].toUpperCase() + words.slice(1));
}

function Alert({ one, base }) {
  const [icon, colour, view, title] = KINDS[one.kind],
    Line = view ? "a" : "div";
  return (
    <Line class="row top" href={view && `${base}/${view(one)}`}>
      <Icon name={icon} colour={colour} />
      <span class={"grow " + (view ? "clamp" : "wrap")}>
        {sentence(one)}
        {one.since && (
          <>
            {" since "}
            <When at={one.since} />
          </>
        )}
        {one.why && ": " + visible(one.why)}
      </span>
      {view && <span class="s">{title}</span>}
    </Line>
  );
}

// There from the beginning: what comes into it is announced, and takes no focus.
export function Alerts({ waiting, base }) {
  const { data } = useData("/v1/alerts", (event) => CHANGES.test(event.kind)),
    [whole, show] = useState(false);
  const shown = data ? shownOf(data.items, waiting) : [],
    more = shown.length - MOST;
  return (
    <div class="alerts" role="status" aria-atomic="false" aria-label="Alerts">
      {shown.slice(0, whole ? undefined : MOST).map((one) => (
        <Alert key={one.kind + (one.subject || one.what)} one={one} base={base} />
      ))}
      {more > 0 && (
        <button class="link" aria-expanded={whole} onClick={() => show(!whole)}>
          {whole ? "Fewer" : `${more} more`}
        </button>
      )}
    </div>
  );
}
