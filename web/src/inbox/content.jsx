// content.jsx: the whole of what is asked, never cut; a decision is possible when its end was on screen.

import { useEffect, useRef, useState } from "preact/hooks";
import { Lines } from "../shared/diff.jsx";

const LOOK = 600; // ms that the end has to be on screen: the second click of two decides nothing

// Was the end of what scrolls here on screen? {seen, rest: lines below, scroller, end, show()}
export function useReading(lines) {
  const scroller = useRef(),
    end = useRef();
  const [seen, set] = useState(false),
    [rest, setRest] = useState(lines);
  useEffect(() => {
    let timer;
    const node = scroller.current;
    const look = () => {
      const below = node.scrollHeight - node.scrollTop - node.clientHeight;
      setRest(Math.max(1, Math.round((lines * below) / node.scrollHeight)));
    };
    const watch = new IntersectionObserver(
      (rows) => {
        clearTimeout(timer);
        if (rows.at(-1).isIntersecting) timer = setTimeout(set, LOOK, true);
      },
      { root: node },
    );
    watch.observe(end.current);
    node.addEventListener("scroll", look, { passive: true });
    look();
    return () => {
      clearTimeout(timer);
      watch.disconnect();
      node.removeEventListener("scroll", look);
    };
  }, [lines]);
  const show = () => {
    scroller.current.scrollTop = scroller.current.scrollHeight;
  };
  return { seen, rest, scroller, end, show };
}

// Lines before the first hunk are arguments; from there on it is a diff.
export function Content({ lines }) {
  const at = lines.findIndex((line) => line.startsWith("@@ "));
  const before = at < 0 ? lines : lines.slice(0, at);
  return (
    <div class="whole">
      {before.length > 0 && <pre class="code">{before.join("\n")}</pre>}
      {at >= 0 && (
        <div class="diff">
          <Lines text={lines.slice(at).join("\n")} />
        </div>
      )}
    </div>
  );
}
