// event_detail.jsx: one event of a run: what it is, where, and the chain of what it follows from, each link of which
// opens its event; a missing one is named.

import { useState } from "preact/hooks";
import { id } from "../shared/api.js";
import { Failure, withoutCommands } from "../shared/feedback.jsx";
import { actorName } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { useOnce } from "../shared/once.js";
import { setQuery } from "../shared/router.js";
import { visible } from "../shared/visible.js";
import { REFUSED } from "./bars.js";
import { nameOf } from "./event_names.js";
import { time } from "./scrubber.jsx";

// What `?event=` says: TURN/N of the run, or the number of an event.
export function parsePlace(text) {
  const [, turn, n] = (text || "").match(/^(\d+)\/(\d+)$/) || [];
  if (n) return { turn: Number(turn), n: Number(n) };
  return /^\d+$/.test(text || "") ? { seq: Number(text) } : null;
}

const nameOfPlace = (run, place) => (place.seq ? String(place.seq) : `${run}/${place.turn}.${place.n}`);

// ---- the chain ----

const TITLES = { parse: "Call", "hand-in": "Handed in", approval: "Person" };
const ICONS = { prompt: "file", reply: "model", parse: "tool", approval: "ask", route: "move", effect: "done" };

// The event itself says how it came out; a link of the chain does not.
function effectText(link, event) {
  if (link.event === event.seq) return nameOf(event).title;
  return nameOf({ kind: link.kind, body: link, step: link.step }).title;
}

function linkText(link, event) {
  switch (link.link) {
    case "prompt":
      return [link.seat, link.role].filter(Boolean).join(", ");
    case "reply":
      return link.model;
    case "parse":
      return link.tool;
    case "rule":
      return [link.rule, link.why].filter(Boolean).join(": ");
    case "approval":
      return [link.answer, link.by && "by " + actorName(link.by)].filter(Boolean).join(" ");
    case "verdict":
      return [link.ok ? "passed" : "failed", link.tests].filter(Boolean).join(", ");
    case "effect":
      return effectText(link, event);
    default:
      return link.why || link.by || link.role || "";
  }
}

const EFFECT = /^(file|comment|card|command|tree|memory|operation)\./;

function titleOf(link) {
  if (link.link === "effect" && !EFFECT.test(link.kind)) return "This event";
  if (link.link === "reply") return "Reply " + link.step;
  return TITLES[link.link] || link.link[0].toUpperCase() + link.link.slice(1);
}

const isNo = (link) => link.decision === "deny" || (link.link === "effect" && REFUSED.test(link.kind));

function iconOf(link) {
  if (isNo(link)) return "refused";
  return link.decision === "ask" ? "ask" : ICONS[link.link] || "done";
}

// The links as they are shown: before an effect the permit that it had; after a refusal the fix.
function shownLinks(reason) {
  const { body } = reason.event;
  const links = reason.chain.map((link) => ({ link, title: titleOf(link), text: linkText(link, reason.event) }));
  const last = links[links.length - 1];
  if (last && last.link.link === "effect" && last.link.permit)
    links.splice(-1, 0, { link: last.link, title: "Permit", text: last.link.permit.slice(0, 12), icon: "done" });
  if (last && isNo(last.link) && body.fix) Object.assign(last, { title: "Fix", text: withoutCommands(body.fix), icon: "move" });
  return links;
}

// An event of this run, of another one, or of the board.
const hrefOf = (base, run, link) =>
  link.run === "board" ? `${base}/runs/${id(run)}?event=${link.event}` : `${base}/runs/${id(link.run)}?event=${link.turn}/${link.n}`;

function Chain({ reason, base, run }) {
  return (
    <div class="chain" tabIndex={0} role="region" aria-label="Chain of reasons">
      <ol>
        {shownLinks(reason).map(({ link, title, text, icon }, i) => (
          <li key={i} class={isNo(link) && title !== "Fix" ? "c-red" : ""}>
            <Icon name={icon || iconOf(link)} />
            <a
              class="b s"
              href={hrefOf(base, run, link)}
              aria-current={link.event === reason.event.seq ? "true" : undefined}
            >
              {title}
            </a>
            <span class="s m">{visible(text)}</span>
          </li>
        ))}
        {reason.missing.map((name) => (
          <li key={name} class="c-amber">
            <Icon name="unknown" />
            <span class="b s">Missing: {TITLES[name] || name}</span>
            <span class="s m">The journal has no such event.</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

// ---- all of it ----

function Why({ body }) {
  const rows = [
    ["Why", body.why],
    ["Fix", withoutCommands(body.fix)],
    ["Rule", body.rule],
    ["Where", body.where],
  ].filter(([, text]) => typeof text === "string" && text);
  if (rows.length === 0) return null;
  return (
    <dl class="kv s">
      {rows.map(([name, text]) => (
        <>
          <dt>{name}</dt>
          <dd class={name === "Rule" || name === "Where" ? "mono" : "wrap"}>{visible(text)}</dd>
        </>
      ))}
    </dl>
  );
}

function CopyLink() {
  const [done, set] = useState(false);
  const copy = () => navigator.clipboard.writeText(location.href).then(() => set(true));
  return (
    <button class="btn no-s" onClick={copy}>
      {done ? "Copied" : "Copy link"}
    </button>
  );
}

export const useReason = (run, place) =>
  useOnce(place && `/v1/why/${id(nameOfPlace(run, place))}`);

// of: what useReason answered.
export function EventDetail({ of, run, base, at }) {
  const close = () => setQuery("event", "");
  if (!of.data)
    return of.error ? (
      <section class="det" aria-label="Selected event">
        <Failure error={of.error} again={of.reload} />
      </section>
    ) : null;
  const event = of.data.event,
    name = nameOf(event);
  return (
    <section class="det" aria-label="Selected event">
      <div class="row wraps">
        <span class={"st " + (name.colour ? "c-" + name.colour : "m")}>
          <Icon name={name.icon} />
        </span>
        <h2 class="ell">{name.title}</h2>
        <span class="mono f no-s">
          {event.run}/{event.turn}.{event.n}
        </span>
        <span class="f s num">
          event {event.seq}, {time(event.at)}
        </span>
        <span class="grow" />
        <CopyLink />
        {event.seq !== at && (
          <button class="btn" onClick={() => setQuery("at", String(event.seq))}>
            View at this point
          </button>
        )}
        <button class="btn g q" aria-label="Close event" title="Close event" onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <Why body={event.body} />
      <Chain reason={of.data} base={base} run={run} />
    </section>
  );
}
