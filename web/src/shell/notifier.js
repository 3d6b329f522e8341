// notifier.js: notifications of the desktop: of what is new for this person, and of a run's end, while the page is out of
// sight; once they are switched on in this browser. As those of the service, they name where to look, never what is
// there: a locked screen shows them to others. A click opens that place, and decides nothing.

import { useEffect, useRef } from "preact/hooks";
import { hrefOf, kindOf, mayAnswer, subline } from "../inbox/items.jsx";
import { runLine } from "../runs/runs.jsx";
import { id } from "../shared/api.js";
import { listen } from "../shared/live.js";
import { go } from "../shared/router.js";

const ON = "orket.notify";

// on, off, denied (by the browser), absent (it has none)
export function notifierState() {
  if (!window.Notification) return "absent";
  if (Notification.permission === "denied") return "denied";
  return Notification.permission === "granted" && localStorage.getItem(ON) ? "on" : "off";
}

// The browser asks for its permission here: by a person's click only.
export async function switchNotifier() {
  if (notifierState() === "on") localStorage.removeItem(ON);
  else if ((await Notification.requestPermission()) === "granted") localStorage.setItem(ON, "1");
}

// Tabs have the same tag for the same place: the desktop shows it once.
function show(title, body, href) {
  if (!document.hidden || notifierState() !== "on") return;
  try {
    const shown = new Notification(title, { body, tag: href });
    shown.onclick = () => {
      window.focus();
      go(href);
      shown.close();
    };
  } catch {
    /* a browser that shows those of service workers only */
  }
}

const keyOf = (item) => `${item.kind} ${item.id} ${item.event}`;

export function useNotifier(name, base, items) {
  const known = useRef();
  useEffect(() => {
    if (!items) return;
    const fresh = known.current ? items.filter((item) => !known.current.has(keyOf(item))) : [];
    known.current = new Set(items.map(keyOf));
    for (const item of fresh.filter(mayAnswer))
      show(`${kindOf(item.kind).one} · ${name}`, subline(item), hrefOf(base, item));
  }, [items]);
  useEffect(() => {
    const event = ({ kind, run, body }) => {
      if (kind !== "run.ended" || body.status === "parked") return; // what it waits for is an item
      show(`Run ended · ${name}`, runLine(run, body.status), `${base}/runs/${id(run)}`);
    };
    return listen({ opened: () => {}, event });
  }, []);
}
