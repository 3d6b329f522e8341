// window.js: of a long list only what can be seen is drawn.

import { useEffect, useState } from "preact/hooks";

// The scroller's view of a list of equally high rows: [first, last).
export function useWindow(scroller, total, pitch, offset) {
  const [seen, set] = useState([0, 30]);
  useEffect(() => {
    const node = scroller.current;
    if (!node) return undefined;
    let frame;
    const look = () => {
      frame = null;
      const first = Math.max(0, Math.floor((node.scrollTop - offset) / pitch) - 3);
      const last = Math.min(total, Math.ceil((node.scrollTop - offset + node.clientHeight) / pitch) + 3);
      set((old) => (old[0] === first && old[1] === last ? old : [first, last]));
    };
    const soon = () => {
      frame = frame || requestAnimationFrame(look);
    };
    look();
    node.addEventListener("scroll", soon, { passive: true });
    const sizes = new ResizeObserver(soon);
    sizes.observe(node);
    return () => {
      node.removeEventListener("scroll", soon);
      sizes.disconnect();
      cancelAnimationFrame(frame);
    };
  }, [total, pitch, offset]);
  return seen;
}
