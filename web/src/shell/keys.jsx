// keys.jsx: the keyboard. No single key decides anything: it focuses what Enter then presses.

import { useEffect } from "preact/hooks";
import { Dialog } from "../shared/feedback.jsx";
import { go, goBack, withSnapshot } from "../shared/router.js";

const OFF = "orket.keys.off";

export const keysOff = () => localStorage.getItem(OFF) !== null;

// Single keys can be turned off: voice control types them.
export function switchKeys() {
  if (keysOff()) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
}

const LIST = [
  ["g, then i b t r p c", "Inbox, Board, Tree, Runs, Plans and chat, Costs"],
  ["j k, ↓ ↑", "next, previous"],
  ["Enter", "open"],
  ["Esc", "back"],
  ["/", "filter this view"],
  ["Ctrl K", "search all"],
  ["m", "move: every status, and why not"],
  ["s", "start a run"],
  ["a", "go to Approve or to the answer"],
  ["d", "go to the reason for a denial"],
  ["c", "comment, ask for a change, say something"],
  ["r", "retry"],
  ["n p", "next, previous decision"],
  ["x X", "select for a batch; all by the same rule"],
  ["1 to 6", "tabs of a card"],
  ["[ ] { }", "event, turn, back and forward in a run"],
  ["f .", "fork from here, back to now"],
  ["l", "follow the live end"],
  ["?", "this list"],
];

const PLACES = { i: "inbox", b: "board", t: "board?view=tree", r: "runs", p: "plans", c: "costs" };

const typing = (e) =>
  e.target.closest("input:not([type=checkbox]),textarea,select,[contenteditable]") ||
  e.ctrlKey ||
  e.metaKey ||
  e.altKey;

function step(by) {
  const all = [...document.querySelectorAll("[data-item]")].filter((node) => node.offsetParent);
  const focused = all.indexOf(document.activeElement);
  const at = focused < 0 ? all.findIndex((node) => node.ariaCurrent === "true") : focused; // else the open one
  const next = at < 0 ? all[0] : all[at + by];
  if (next) next.focus();
  return all.length > 0;
}

const STEPS = { j: 1, k: -1, ArrowDown: 1, ArrowUp: -1 };

// Arrows scroll and choose where something else has the focus.
const steps = (e) => STEPS[e.key] && (e.key.length === 1 || e.target.closest("[data-item]") || e.target.matches("body,main"));

const OPENS = ["m", "s", "f", ".", "X"]; // these open what asks for more; the others only go there

function press(name) {
  const node = document.querySelector(`[data-key="${name}"]`);
  if (!node) return false;
  node.focus();
  if (OPENS.includes(name)) node.click();
  return true;
}

const openTab = (number) => {
  const tab = document.querySelectorAll("[role=tab]")[number - 1];
  if (tab) tab.click();
  return !!tab;
};

export function useKeys(base, { help, search }) {
  useEffect(() => {
    let afterG = false;
    const hear = (e) => {
      if ((e.ctrlKey || e.metaKey) && e.key === "k") {
        e.preventDefault();
        return search();
      }
      if (typing(e) || keysOff() || document.querySelector("dialog[open]")) return undefined;
      const to = afterG && PLACES[e.key];
      afterG = e.key === "g";
      if (to) go(withSnapshot(`${base}/${to}`));
      else if (steps(e) && step(STEPS[e.key])) return e.preventDefault();
      else if (e.key === "?") help();
      else if (e.key === "Escape") goBack();
      else if (/^[1-6]$/.test(e.key) ? !openTab(Number(e.key)) : !(e.key.length === 1 && press(e.key)))
        return undefined;
      return e.preventDefault();
    };
    addEventListener("keydown", hear);
    return () => removeEventListener("keydown", hear);
  }, [base]);
}

export const Keys = ({ close }) => (
  <Dialog title="Keys" close={close}>
    <p class="s m">They are off while you type. No key decides anything by itself.</p>
    <dl class="keys">
      {LIST.map(([keys, what]) => (
        <div key={keys}>
          <dt>
            <kbd>{keys}</kbd>
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
    <div class="acts">
      <button class="btn" onClick={close}>
        Close
      </button>
    </div>
  </Dialog>
);
