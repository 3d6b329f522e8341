// icons.jsx: all icons, 14 or 16 units, drawn with the text's colour. The shape carries the meaning. They stand once
// in the page (Sprite); an icon refers to its drawing, so a long list of them stays short.

const fill = { fill: "currentColor", stroke: "none" };
export const ICONS = {
  ready: [14, <circle cx="7" cy="7" r="5.5" stroke-dasharray="2.2 1.6" />],
  in_progress: [
    14,
    <>
      <circle cx="7" cy="7" r="5.5" />
      <path d="M7 3.600a3.4 3.4 0 0 1 0 6.800z" {...fill} />
    </>,
  ],
  ready_for_testing: [
    14,
    <>
      <path d="M5.3 1.500v3.700L2 11a1.1 1.1 0 0 0 1 1.500h8A1.1 1.1 0 0 0 12 11L8.7 5.200V1.500M4.3 1.500h5.4" />
      <path d="M4 9h6" />
    </>,
  ],
  code_review: [
    14,
    <>
      <path d="M1 7s2.2-4 6-4 6 4 6 4-2.2 4-6 4-6-4-6-4z" />
      <circle cx="7" cy="7" r="1.7" {...fill} />
    </>,
  ],
  blocked: [
    14,
    <>
      <rect x="1" y="1" width="12" height="12" rx="3" {...fill} />
      <path class="cut" d="M5.3 4.500v5M8.7 4.500v5" />
    </>,
  ],
  waiting_for_developer: [
    14,
    <>
      <path d="M2.5 1.500h9a1 1 0 0 1 1 1v6.500a1 1 0 0 1-1 1H6L3 12.700V10h-.5a1 1 0 0 1-1-1V2.500a1 1 0 0 1 1-1z" />
      <path d="M5.7 4.600a1.3 1.3 0 1 1 1.8 1.200c-.4.2-.5.4-.5.800M7 8v.1" />
    </>,
  ],
  done: [
    14,
    <>
      <circle cx="7" cy="7" r="6.2" {...fill} />
      <path class="cut" d="M4.3 7.200l1.9 1.9 3.5-3.9" />
    </>,
  ],
  canceled: [
    14,
    <>
      <circle cx="7" cy="7" r="5.5" />
      <path d="M4 10l6-6" />
    </>,
  ],
  archived: [
    14,
    <>
      <rect x="1.5" y="2" width="11" height="3" />
      <path d="M2.5 5v7h9V5M5.5 7.500h3" />
    </>,
  ],
  refused: [
    14,
    <>
      <path d="M4.7 1h4.600L13 4.700v4.600L9.3 13H4.700L1 9.300V4.700z" {...fill} />
      <path class="cut" d="M5 5l4 4M9 5l-4 4" />
    </>,
  ],
  ask: [
    14,
    <>
      <path d="M7 .8l5.2 1.900v4c0 3.1-2.2 5.3-5.2 6.5-3-1.2-5.2-3.4-5.2-6.500v-4z" />
      <path d="M7 4v3.400M7 9.500v.1" />
    </>,
  ],
  unknown: [
    14,
    <>
      <path d="M7 1l6 11H1z" />
      <path d="M7 5.200v3M7 10v.1" />
    </>,
  ],
  model: [16, "M8 2l1.5 4.500L14 8l-4.5 1.500L8 14l-1.5-4.500L2 8l4.5-1.500z"],
  tool: [16, "M3 4l4 4-4 4M8.5 12H13"],
  move: [16, "M3 8h10M9.5 4.500L13 8l-3.5 3.5"],
  board: [
    16,
    <>
      <rect x="2" y="2.5" width="12" height="11" rx="2" />
      <path d="M6.2 2.500v11M10 2.500v7" />
    </>,
  ],
  inbox: [16, "M2 9l2-6h8l2 6v3.500a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1zM2 9h3.500l1 2h3l1-2H14"],
  runs: [16, "M2 4h6M5 8h7M8 12h6"],
  search: [
    16,
    <>
      <circle cx="7" cy="7" r="4.5" />
      <path d="M10.5 10.500L14 14" />
    </>,
  ],
  theme: [
    16,
    <>
      <circle cx="8" cy="8" r="5.5" />
      <path d="M8 2.500a5.5 5.5 0 0 1 0 11z" {...fill} />
    </>,
  ],
  leave: [16, "M6.5 2.500H3v11h3.500M7 8h6.500M11 5.500L13.5 8 11 10.5"],
  more: [16, <path d="M3.5 8h.01M8 8h.01M12.5 8h.01" stroke-width="2.4" />],
  back: [16, "M10 3.500L5.5 8l4.5 4.5"],
  file: [16, "M9 2H4v12h8V5zM9 2v3h3"],
  plans: [16, "M3 3h10v8H7l-3 2.500V11H3z"],
  costs: [16, "M3 13V8M8 13V3M13 13v-3"],
  refusals: [16, "M5.5 2h5L14 5.500v5L10.5 14h-5L2 10.500v-5zM6 6l4 4M10 6l-4 4"],
  gear: [
    16,
    <>
      <circle cx="8" cy="8" r="2.2" />
      <path d="M8 2v2M8 12v2M2 8h2M12 8h2M3.8 3.800l1.4 1.4M10.8 10.800l1.4 1.4M12.2 3.800l-1.4 1.4M5.2 10.800l-1.4 1.4" />
    </>,
  ],
  fork: [
    16,
    <>
      <circle cx="4" cy="3.5" r="1.5" />
      <circle cx="12" cy="3.5" r="1.5" />
      <circle cx="8" cy="12.5" r="1.5" />
      <path d="M4 5v1.500a2 2 0 0 0 2 2h4a2 2 0 0 0 2-2V5M8 8.500V11" />
    </>,
  ],
  close: [16, "M4.5 4.500l7 7M11.5 4.500l-7 7"],
  download: [16, "M8 2.500v8M4.5 7.500L8 11l3.5-3.500M3 13.500h10"],
  logo: [16, <circle cx="8" cy="8" r="4.6" stroke-width="2.6" />],
};

// `label` says what it means where no text beside it does.
export const Icon = ({ name, colour, label }) => (
  <svg
    class={`i i${ICONS[name][0]}` + (colour ? ` c-${colour}` : "")}
    role={label ? "img" : undefined}
    aria-label={label}
    aria-hidden={label ? undefined : "true"}
  >
    <use href={"#i-" + name} />
  </svg>
);

export const Sprite = () => (
  <svg class="sr" aria-hidden="true">
    {Object.entries(ICONS).map(([name, [size, drawing]]) => (
      <symbol key={name} id={"i-" + name} viewBox={`0 0 ${size} ${size}`}>
        {typeof drawing === "string" ? <path d={drawing} /> : drawing}
      </symbol>
    ))}
  </svg>
);
