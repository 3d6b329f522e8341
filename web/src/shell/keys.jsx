// keys.jsx: the keyboard. No single key decides anything: it focuses what Enter then presses.

import { useEffect } from "preact/hooks";
import { Dialog } from "../shared/feedback.jsx";
import { go, kept } from "../shared/router.js";

const KEYS = [
  ["g then i, b, t, r", "Inbox, Board, Tree, Runs"],
  ["j k", "next, previous"],
  ["Enter", "open"],
  ["/", "filter the board"],
  ["m", "move a card"],
  ["a, d", "go to Approve, to the reason for a denial"],
  ["[ ]", "event back and forward, in a run"],
  ["{ }", "turn back and forward"],
  ["l", "follow what comes"],
  ["f", "fork from here"],
  [".", "back to now"],
  ["?", "this list"],
];

const typing = (e) =>
  e.target.closest("input,textarea,select,[contenteditable]") || e.ctrlKey || e.metaKey || e.altKey;

function step(by) {
  const all = [...document.querySelectorAll("[data-item]")].filter((node) => node.offsetParent);
  const at = all.indexOf(document.activeElement);
  const next = at < 0 ? all[0] : all[at + by];
  if (next) next.focus();
}

function press(name) {
  const node = document.querySelector(`[data-key="${name}"]`);
  if (!node) return false;
  node.focus();
  if (["m", "f", "."].includes(name)) node.click();
  return true;
}

export function useKeys(base, help) {
  useEffect(() => {
    let afterG = false;
    const hear = (e) => {
      if (typing(e) || document.querySelector("dialog[open]")) return;
      const to = afterG && { i: "inbox", b: "board", t: "board?view=tree", r: "runs" }[e.key];
      afterG = e.key === "g";
      if (to) go(kept(`${base}/${to}`));
      else if (e.key === "j" || e.key === "k") step(e.key === "j" ? 1 : -1);
      else if (e.key === "?") help();
      else if (!(["/", "m", "a", "d", "f", "."].includes(e.key) && press(e.key))) return;
      e.preventDefault();
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, [base]);
}


export const Keys = ({ close }) => (
  <Dialog title="Keys" close={close}>
    <dl class="keys">
      {KEYS.map(([keys, what]) => (
        <>
          <dt>
            <kbd>{keys}</kbd>
          </dt>
          <dd>{what}</dd>
        </>
      ))}
    </dl>
    <div class="acts">
      <button class="btn" onClick={close}>
        Close
      </button>
    </div>
  </Dialog>
);
