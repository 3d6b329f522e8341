// window.js: of a long list only what can be seen is drawn.

import { useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";

// The first row that ends behind y. `ends(i)`: where row i ends.
function rowAt(ends, total, y) {
  let low = 0,
    high = total;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ends(middle) > y) high = middle;
    else low = middle + 1;
  }
  return low;
}

// Calls look() now, and once per frame while a node is scrolled or changes its size. Returns what ends that.
export function watchScroll(node, look) {
  let frame;
  const now = () => {
    frame = null;
    look();
  };
  const soon = () => {
    frame = frame || requestAnimationFrame(now);
  };
  now();
  node.addEventListener("scroll", soon, { passive: true });
  const sizes = new ResizeObserver(soon);
  sizes.observe(node);
  return () => {
    node.removeEventListener("scroll", soon);
    sizes.disconnect();
    cancelAnimationFrame(frame);
  };
}

// What of a scroller can be seen: {top, height, watch}, read once per frame for all its lists, because each reading
// after a change makes the browser lay out anew.
export function useView(scroller) {
  const view = useMemo(() => ({ top: 0, height: 0, watchers: new Set() }), []);
  useLayoutEffect(() => {
    const node = scroller.current;
    return watchScroll(node, () => {
      Object.assign(view, { top: node.scrollTop, height: node.clientHeight });
      view.watchers.forEach((call) => call());
    });
  }, []);
  return view;
}

// The rows of a list that are drawn: [first, last). `ends(i)`: where row i ends, in pixels from the top of the list,
// which stands `offset` pixels below that of what scrolls.
export function useWindow(view, total, ends, offset) {
  const [seen, set] = useState([0, 0]);
  useLayoutEffect(() => {
    const look = () => {
      const top = view.top - offset;
      const first = rowAt(ends, total, top);
      const last = Math.min(total, rowAt(ends, total, top + view.height) + 1);
      set((old) => (old[0] === first && old[1] === last ? old : [first, last]));
    };
    look();
    view.watchers.add(look);
    return () => view.watchers.delete(look);
  }, [total, ends, offset]);
  return seen;
}

// How wide an element is now: [ref, width].
export function useWidth(first) {
  const [width, set] = useState(first);
  const [node, ref] = useState(null);
  useEffect(() => {
    if (!node) return undefined;
    const sizes = new ResizeObserver(() => set(node.clientWidth));
    sizes.observe(node);
    return () => sizes.disconnect();
  }, [node]);
  return [ref, width];
}
