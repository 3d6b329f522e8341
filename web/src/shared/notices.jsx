// notices.jsx: what came of an act that has no place of its own in the view: a refusal stays until it is dismissed,
// a success goes after a while.

import { useEffect, useState } from "preact/hooks";
import { Refusal } from "./feedback.jsx";
import { Icon } from "./icons.jsx";

const STAYS = 6000; // ms that a success is shown
let all = [],
  show = () => {},
  number = 0;

function change(next) {
  all = next;
  show(all);
}

const dismiss = (one) => change(all.filter((other) => other !== one));

// {title, why?, fix?, rule?, refused?}
export function notify(given) {
  const one = { ...given, number: (number += 1) };
  change([...all.slice(-2), one]);
  if (!one.refused) setTimeout(dismiss, STAYS, one);
}

// What the service objected to: of an act, or of a verdict that it gave before.
export const notifyRefusal = (title, { message, why, fix, rule, code, id }) =>
  notify({ refused: true, title, why: why || message, fix, rule: rule || code, id });

const Notice = ({ one }) => (
  <div class="notice">
    <div class="row">
      <span class={one.refused ? "c-red" : "c-teal"}>
        <Icon name={one.refused ? "refused" : "done"} />
      </span>
      <span class="b grow wrap">{one.title}</span>
      <button class="btn g q" aria-label="Dismiss" onClick={() => dismiss(one)}>
        <Icon name="close" />
      </button>
    </div>
    {one.why && <Refusal why={one.why} fix={one.fix} rule={one.rule} bare />}
  </div>
);

export function Notices() {
  const [shown, set] = useState(all);
  useEffect(() => {
    show = set;
    return () => {
      show = () => {};
    };
  }, []);
  return (
    <div class="notices" role="alert">
      {shown.map((one) => (
        <Notice key={one.number} one={one} />
      ))}
    </div>
  );
}
