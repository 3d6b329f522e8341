// scripts.jsx: the policies and scripts that serve, what a change adds, and how to go back.

import { hrefOf } from "../inbox/items.jsx";
import { get, id, post } from "../shared/api.js";
import { Empty, Failure, Loaded, useAct } from "../shared/feedback.jsx";
import { When } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { useData, useOnline } from "../shared/live.js";
import { may } from "../shared/me.js";
import { Table } from "../shared/table.jsx";
import { visible } from "../shared/visible.js";

const matters = (event) => /^(scripts|policy|canary)\./.test(event.kind);

// ---- what waits to be accepted ----

const NOTES = {
  scripts: "A person has to accept what a change adds.",
  proposal: "Nothing is written or removed before a person accepts it.",
};

const Waiting = ({ items, base }) => {
  const waiting = items.filter((item) => NOTES[item.kind]);
  return waiting.map((item) => (
    <div key={item.id} class="box amber row">
      <span class="grow">
        {item.title}
        <div class="s m">{NOTES[item.kind]}</div>
      </span>
      <a class="btn p" href={hrefOf(base, item)}>
        Review change
      </a>
    </div>
  ));
};

// ---- policies ----

const TESTS = { passed: ["Passed", "done", "teal"], failed: ["Failed", "refused", "red"] };

function Test({ outcome }) {
  const [name, icon, colour] = TESTS[outcome] || ["No test", "ready", "gray"];
  return (
    <span class={"pill " + colour}>
      <Icon name={icon} />
      {name}
    </span>
  );
}

const Policies = ({ status }) => (
  <>
    <p class="m">
      Generation <span class="mono">{status.serving.generation}</span> serves since{" "}
      <When at={status.serving.since} />.
    </p>
    {status.canary && status.canary.generation && (
      <div class="box amber">
        Generation <span class="mono">{status.canary.generation}</span> is tried on a part of the turns first.
      </div>
    )}
    <Table label="Policies" heads={["Policy", "Of", "Self-test", ["Since", "no-s"]]}>
      {status.policies.map((row) => (
        <tr key={row.path}>
          <td class="mono">{visible(row.path)}</td>
          <td>{row.shipped ? "Orket" : "this project"}</td>
          <td>
            <Test outcome={row.self_test} />
          </td>
          <td class="no-s">
            <When at={row.since} />
          </td>
        </tr>
      ))}
    </Table>
  </>
);

// ---- back to an earlier one ----

function Rollback({ row }) {
  const act = useAct(),
    online = useOnline();
  return (
    <>
      <button
        class="btn"
        disabled={act.busy || !online}
        onClick={() => act.run(() => post("/v1/acts/rollback", { generation: row.generation }))}
      >
        Roll back to it
      </button>
      {act.done && (
        <p class="s m" role="status">
          {act.done.message}
        </p>
      )}
      {act.error && <Failure error={act.error} />}
    </>
  );
}

// Each generation that served, once, the newest first.
const generations = (items) => {
  const served = items.filter((row) => row.kind === "loaded");
  return served.filter((row, i) => served.findIndex((other) => other.generation === row.generation) === i);
};

const changesOf = (row) => (row.changed || []).map((one) => one.path).join(", ") || "no script changed";

const History = ({ items }) => (
  <ul>
    {generations(items).map((row, i) => (
      <li key={row.seq} class="row line">
        <span class="mono">{row.generation}</span>
        <span class="m grow wrap">
          {visible(changesOf(row))}, <When at={row.at} />
        </span>
        {i > 0 && may("admin") && <Rollback row={row} />}
      </li>
    ))}
  </ul>
);

// ---- all scripts ----

function Script({ row }) {
  const act = useAct();
  const open = (e) => e.target.open && !act.done && act.run(() => get("/v1/scripts/" + id(row.path)));
  return (
    <details onToggle={open}>
      <summary>
        <span class="mono">{visible(row.path)}</span> {row.origin === "project" && <b>of this project</b>}
      </summary>
      {act.error && <Failure error={act.error} />}
      {act.done && <pre class="code">{visible(act.done.text)}</pre>}
    </details>
  );
}

export function Scripts({ base, shared }) {
  const status = useData("/v1/policies", matters),
    history = useData("/v1/policies/history", matters),
    scripts = useData("/v1/scripts", matters);
  return (
    <>
      <div class="bar">
        <h1>Scripts</h1>
      </div>
      <div class="scroll page" tabIndex={0} role="region" aria-label="Scripts">
        {shared.inbox.data && <Waiting items={shared.inbox.data.items} base={base} />}
        <section>
          <h2>Policies</h2>
          <Loaded of={status}>{(data) => <Policies status={data} />}</Loaded>
        </section>
        <section>
          <h2>Generations</h2>
          <Loaded of={history}>{({ items }) => <History items={items} />}</Loaded>
        </section>
        <section>
          <h2>Roles, nodes and tools</h2>
          <Loaded of={scripts}>
            {({ items }) =>
              items.length === 0 ? (
                <Empty>No scripts.</Empty>
              ) : (
                items.map((row) => <Script key={row.path} row={row} />)
              )
            }
          </Loaded>
        </section>
      </div>
    </>
  );
}
