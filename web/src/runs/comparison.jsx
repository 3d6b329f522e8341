// comparison.jsx: two runs side by side: where they stand, the first decision in which they differ, their files.

import { id } from "../shared/api.js";
import { useCurrency } from "../shared/currency.js";
import { Diff } from "../shared/diff.jsx";
import { Empty, Loaded } from "../shared/feedback.jsx";
import { count, money, seconds } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { useData } from "../shared/live.js";
import { go } from "../shared/router.js";
import { visible } from "../shared/visible.js";
import { nameOf } from "../timeline/event_names.js";
import { RunStatus } from "./runs.jsx";

const runLink = (base, run, event) =>
  `${base}/runs/${id(run)}` + (event ? `?event=${event.turn > 0 ? `${event.turn}/${event.n}` : event.seq}` : "");

// ---- figures ----

const done = ({ cards }) =>
  `${cards.done || 0} of ${Object.values(cards).reduce((sum, n) => sum + n, 0)}`;

const FIGURES = [
  ["Status", ({ run }) => <RunStatus status={run.status} />],
  ["Goes on from", ({ run }) => (run.of ? `${run.of}, event ${run.at}` : "")],
  ["Cards done", done],
  ["Turns", ({ run }) => run.turns],
  ["Steps", ({ run }) => run.steps],
  ["Requests", ({ run }) => run.calls],
  ["Tokens", ({ run }) => count(run.tokens_in + run.tokens_out)],
  ["Cost", ({ run }, currency) => (run.money > 0 ? money(run.money, currency) : "no price")],
  ["Working time", ({ run }) => (run.seconds === undefined ? "none yet" : seconds(run.seconds))],
];

function Figures({ data, base }) {
  const currency = useCurrency();
  return (
    <table class="two-runs">
      <thead>
        <tr>
          <td />
          {[data.one, data.other].map(({ run }) => (
            <th key={run.id} scope="col">
              <a class="link mono" href={runLink(base, run.id)}>
                {run.id}
              </a>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {FIGURES.map(([name, of]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td class="num">{of(data.one, currency)}</td>
            <td class="num">{of(data.other, currency)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

// ---- the first difference ----

function Side({ event, run, base }) {
  if (!event)
    return (
      <div class="side-of">
        <span class="mono s">{run}</span>
        <p class="m">Nothing more was decided.</p>
      </div>
    );
  const name = nameOf(event);
  return (
    <div class="side-of">
      <span class="mono s">{run}</span>
      <div class="row">
        <span class={"st " + (name.colour ? "c-" + name.colour : "m")}>
          <Icon name={name.icon} />
        </span>
        <a class="link b" href={runLink(base, event.run, event)}>
          {name.title}
        </a>
      </div>
      <p class="m wrap">{visible([name.detail, event.brief.text, event.brief.about].filter(Boolean).join("\n"))}</p>
    </div>
  );
}

function Difference({ data, base }) {
  const { difference, common } = data;
  return (
    <section>
      <h2>First difference</h2>
      <p class="m">
        {common > 0 ? `Both are the same up to event ${common}. ` : ""}
        {difference ? "" : "Every decision is the same."}
        {difference && (
          <>
            {difference.one && difference.other ? "Two ways were gone on the card " : "Only one goes on with the card "}
            <a class="link mono" href={`${base}/cards/${id(difference.card)}`}>
              {difference.card}
            </a>
            .
          </>
        )}
      </p>
      {difference && (
        <div class="sides">
          <Side event={difference.one} run={data.one.run.id} base={base} />
          <Side event={difference.other} run={data.other.run.id} base={base} />
        </div>
      )}
    </section>
  );
}

// ---- files ----

function Files({ files, other }) {
  if (files.length === 0) return <Empty>All files are the same.</Empty>;
  return files.map((file) =>
    file.diff === undefined ? (
      <p key={file.path} class="mono">
        {visible(file.path)} {file.status}
      </p>
    ) : (
      <Diff key={other + file.path} file={file} />
    ),
  );
}

function Choose({ one, other, base }) {
  const runs = useData("/v1/runs?limit=200", (event) => event.kind.startsWith("run."));
  const names = runs.data ? runs.data.items.map((run) => run.id).filter((name) => name !== one) : [];
  return (
    <label class="row">
      <span class="m">with</span>
      <select
        class="mono"
        value={other}
        onChange={(e) => go(`${base}/runs/${id(one)}/compare/${id(e.target.value)}`, true)}
      >
        {(names.includes(other) ? names : [other, ...names]).map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Comparison({ base, one, other }) {
  const data = useData(
    `/v1/runs/${id(one)}/compare/${id(other)}`,
    (event) => (event.run === one || event.run === other) && /^(turn|run)\.ended/.test(event.kind),
  );
  return (
    <>
      <div class="bar">
        <a class="btn g q" href={runLink(base, one)} aria-label={"Back to " + one}>
          <Icon name="back" />
        </a>
        <h1 class="ell">
          Compare <span class="mono">{one}</span>
        </h1>
        <Choose one={one} other={other} base={base} />
      </div>
      <div class="scroll pad compare" tabIndex={0} role="region" aria-label="Comparison">
        <Loaded of={data}>
          {(known) => (
            <>
              <Figures data={known} base={base} />
              <Difference data={known} base={base} />
              <section>
                <h2>
                  Files, from {one} to {other}
                </h2>
                <Files files={known.files} other={other} />
              </section>
            </>
          )}
        </Loaded>
      </div>
    </>
  );
}
