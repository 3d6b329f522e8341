// diff.jsx: a file's unified diff, whole, with the lines' numbers.

import { Icon } from "./icons.jsx";
import { visible } from "./visible.js";

function* numbered(text) {
  let old = 0,
    now = 0,
    inside = false;
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const hunk = line.match(/^@@ -(\d+)(?:,\d+)? \+(\d+)/);
    if (hunk) {
      [old, now, inside] = [Number(hunk[1]), Number(hunk[2]), true];
      yield { kind: "h", line };
    } else if (!inside) {
      continue; // the names of the files stand above
    } else if (line[0] === "+") yield { kind: "a", n: now++, line };
    else if (line[0] === "-") yield { kind: "r", n: old++, line };
    else if (line[0] === "\\") yield { kind: "h", line };
    else yield { kind: "", n: (old++, now++), line };
  }
}

export function Lines({ text }) {
  return [...numbered(text)].map(({ kind, n, line }, i) =>
    kind === "h" ? (
      <div key={i} class="h">
        <span />
        <span />
        <span>{visible(line)}</span>
      </div>
    ) : (
      <div key={i} class={kind}>
        <span>{n}</span>
        <span>{line[0]}</span>
        <span>{visible(line.slice(1)) || " "}</span>
      </div>
    ),
  );
}

export function Diff({ file }) {
  return (
    <section class="diff" aria-label={visible(file.path)}>
      <header>
        <Icon name="file" />
        <h3 class="mono wrap">{visible(file.path)}</h3>
        <span class="grow" />
        <span class="m num">
          {file.status}
          {!file.binary && `, +${file.added} −${file.removed}`}
        </span>
      </header>
      {file.binary || !file.diff ? (
        <p class="m pad">
          {file.binary ? "A binary file: the files in the card's Changes have it to download." : "No line differs."}
        </p>
      ) : (
        <Lines text={file.diff} />
      )}
    </section>
  );
}
