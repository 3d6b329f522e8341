// once.js: answers that do not change, such as those about what was: asked for once.

import { useEffect, useState } from "preact/hooks";
import { get } from "./api.js";

// {data, error, reload}; without a path nothing is loaded.
export function useOnce(path) {
  const [state, set] = useState({});
  const [count, again] = useState(0);
  useEffect(() => {
    if (!path) return undefined;
    let gone = false;
    get(path).then(
      (data) => gone || set({ data, path }),
      (error) => gone || set({ error, path }),
    );
    return () => {
      gone = true;
    };
  }, [path, count]);
  const own = state.path === path ? state : {};
  return { ...own, reload: () => again((n) => n + 1) };
}
