// scrubber.jsx: how dense a run's events are, and the point in time that one looks at. Moving it is a draft until it is
// let go.

import { useState } from "preact/hooks";

const HEIGHT = 40,
  WIDTH = 1000; // units of the drawing

const two = (n) => String(n).padStart(2, "0");

export function time(at) {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
}

function columns(slots, axis, most) {
  return slots
    .map((slot) => {
      const height = 2 + 34 * Math.sqrt(slot.events / most);
      return `M${(axis.x(slot.at) * (WIDTH - 5)).toFixed(1)} ${HEIGHT}v${(-height).toFixed(1)}h4v${height.toFixed(1)}z`;
    })
    .join("");
}

// at: the event that one looks at; null: now. set(seq or null) goes there.
export function Scrubber({ model, axis, at, atMs, set }) {
  const [draft, setDraft] = useState(null);
  const slots = model.density,
    most = Math.max(1, ...slots.map((slot) => slot.events));
  const seq = draft ? draft.seq : at;
  const seen = draft ? draft.at : at ? atMs : null;
  const slotAt = (e) => {
    const box = e.currentTarget.getBoundingClientRect(),
      x = (e.clientX - box.left) / box.width;
    return slots.findLast((slot) => axis.x(slot.at) <= x) || slots[0];
  };
  const end = () => {
    if (draft) set(draft.seq >= model.last ? null : draft.seq);
    setDraft(null);
  };
  const press = (e) => {
    const here = slots.findLastIndex((slot) => slot.seq <= (at ?? model.last));
    const to = {
      ArrowLeft: here - 1,
      ArrowDown: here - 1,
      ArrowRight: here + 1,
      ArrowUp: here + 1,
      PageDown: here - 10,
      PageUp: here + 10,
      Home: 0,
      End: slots.length - 1,
    }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    const slot = slots[Math.max(0, Math.min(slots.length - 1, to))];
    set(slot.seq >= model.last ? null : slot.seq);
  };
  const words = seq ? `Event ${seq} of ${model.last}${seen ? ", " + time(seen) : ""}` : `Event ${model.last}, now`;
  const x = seq && seen ? axis.x(seen) * (WIDTH - 4) : WIDTH - 3;
  return (
    <div class="time">
      <div class="row s m">
        <span class="num">{words}</span>
        <span class="grow" />
        <span class="no-s">
          <kbd>[</kbd> <kbd>]</kbd> event, <kbd>{"{"}</kbd> <kbd>{"}"}</kbd> turn
        </span>
      </div>
      <div
        class="hist"
        role="slider"
        tabIndex={0}
        aria-label="Point in time"
        aria-valuemin={model.first}
        aria-valuemax={model.last}
        aria-valuenow={seq ?? model.last}
        aria-valuetext={words}
        onKeyDown={press}
        onPointerDown={(e) => {
          e.currentTarget.setPointerCapture(e.pointerId);
          setDraft(slotAt(e));
        }}
        onPointerMove={(e) => draft && setDraft(slotAt(e))}
        onPointerUp={end}
        onPointerCancel={() => setDraft(null)}
      >
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
          <path class="k-dense" d={columns(seen ? slots.filter((slot) => slot.at <= seen) : slots, axis, most)} />
          {seen && <path class="k-after" d={columns(slots.filter((slot) => slot.at > seen), axis, most)} />}
          <path class="k-now" d={`M${x} 0h3v${HEIGHT}h-3z`} />
        </svg>
      </div>
    </div>
  );
}
