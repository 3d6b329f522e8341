// plan_tree.jsx: a proposal, rock > epic > issue, whole; what is other than in the proposal before is marked.

import { Seat } from "../shared/status.jsx";

const PRIORITY = { 1: "low priority", 3: "high priority" };
const MARKS = { new: "teal", changed: "blue" };

const issuesOf = (plan) => plan.epics.flatMap((epic) => epic.issues);
const own = ({ epics: _epics, issues: _issues, op: _op, ...rest }) => JSON.stringify(rest);
const partsOf = (plan) => [plan, ...plan.epics, ...issuesOf(plan)];

// {marks: Map of id to "new" or "changed", gone: the parts that are not there any more}
export function differences(before, now) {
  const old = new Map(before ? partsOf(before).map((part) => [part.id, part]) : []),
    marks = new Map();
  if (!before) return { marks, gone: [] };
  for (const part of partsOf(now)) {
    const was = old.get(part.id);
    if (!was) marks.set(part.id, "new");
    else if (own(was) !== own(part)) marks.set(part.id, "changed");
    old.delete(part.id);
  }
  return { marks, gone: [...old.values()] };
}

// How many lines a person reads.
export const linesOf = (plan) =>
  partsOf(plan).reduce((sum, part) => sum + 2 + (part.requirements || []).length, 0);

export function sizeOf(plan) {
  const count = (n, one) => `${n} ${one}${n === 1 ? "" : "s"}`;
  return `1 rock, ${count(plan.epics.length, "epic")}, ${count(issuesOf(plan).length, "issue")}`;
}

// A program as one types it.
const typed = (argv) =>
  argv.map((word) => (/^[\w./=:,@%+-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`)).join(" ");

const Mark = ({ mark }) => (mark ? <span class={"pill " + MARKS[mark]}>{mark}</span> : null);

const Head = ({ part, mark, children }) => (
  <div class="part">
    {children}
    <span class="mono m">{part.id}</span>
    <span class="b wrap">{part.name}</span>
    <Mark mark={mark} />
  </div>
);

const Facts = ({ issue }) => (
  <dl class="kv">
    <dt>Requires</dt>
    <dd>
      {issue.requirements.map((line, i) => (
        <div key={i} class="wrap">
          {line}
        </div>
      ))}
    </dd>
    {issue.depends_on && issue.depends_on.length > 0 && (
      <>
        <dt>After</dt>
        <dd class="mono wrap">{issue.depends_on.join(", ")}</dd>
      </>
    )}
    {issue.verification && (
      <>
        <dt>Tried by</dt>
        <dd>
          <span class="mono wrap">
            {issue.verification.argv
              ? typed(issue.verification.argv)
              : "verification/" + issue.verification.fixture}
          </span>
          {issue.verification.description && <div class="wrap">{issue.verification.description}</div>}
        </dd>
      </>
    )}
  </dl>
);

const Issue = ({ issue, marks }) => (
  <li>
    <Head part={issue} mark={marks.get(issue.id)}>
      <Seat name={issue.seat} />
    </Head>
    <div class="under-part">
      <div class="s m">
        {["Seat " + issue.seat, PRIORITY[issue.priority]].filter(Boolean).join(", ")}
      </div>
      {issue.description && <p class="wrap">{issue.description}</p>}
      <Facts issue={issue} />
    </div>
  </li>
);

const Epic = ({ epic, marks }) => (
  <li>
    <Head part={epic} mark={marks.get(epic.id)} />
    {epic.description && <p class="wrap">{epic.description}</p>}
    <ul>
      {epic.issues.map((issue) => (
        <Issue key={issue.id} issue={issue} marks={marks} />
      ))}
    </ul>
  </li>
);

export function PlanTree({ plan, before }) {
  const { marks, gone } = differences(before, plan);
  return (
    <section class="ptree" aria-label="Proposal">
      <Head part={plan} mark={marks.get(plan.id)} />
      {plan.description && <p class="wrap">{plan.description}</p>}
      <ul>
        {plan.epics.map((epic) => (
          <Epic key={epic.id} epic={epic} marks={marks} />
        ))}
      </ul>
      {gone.length > 0 && (
        <p class="m">
          Not in this proposal any more:{" "}
          {gone.map((part, i) => (
            <span key={part.id}>
              {i > 0 && ", "}
              <s class="mono">{part.id}</s> {part.name}
            </span>
          ))}
        </p>
      )}
    </section>
  );
}
