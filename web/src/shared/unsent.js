// unsent.js: what a person typed and has not sent stays, through other views, a lost connection and a new sign-in.

import { useState } from "preact/hooks";

const PREFIX = "orket.draft.";

// [text, set(text), drop()]
export function useUnsent(name) {
  const [text, show] = useState(() => sessionStorage.getItem(PREFIX + name) || "");
  const set = (next) => {
    if (next) sessionStorage.setItem(PREFIX + name, next);
    else sessionStorage.removeItem(PREFIX + name);
    show(next);
  };
  return [text, set, () => set("")];
}
