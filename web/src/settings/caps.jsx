// caps.jsx: what may be spent: the caps of the configuration, for administrators to change.

import { useState } from "preact/hooks";
import { patch } from "../shared/api.js";
import { Empty, Failure, Field, Loaded, useAct } from "../shared/feedback.jsx";
import { useData, useOnline } from "../shared/live.js";
import { Table } from "../shared/table.jsx";

const KINDS = ["tokens", "money", "calls", "seconds", "disk"];
const EACH = "*"; // those that are not named
const SCOPES = [
  ["organization", "Organization"],
  ["epics", "Epic"],
  ["users", "User"],
  ["roles", "Role"],
  ["cards", "Card"],
];

const unitOf = (kind, currency) =>
  ({ money: currency || "units of the currency", disk: "bytes", calls: "requests" })[kind] || kind;

// Money is millionths in the configuration, and whole units for people.
const shown = (kind, limit) => String(kind === "money" ? limit / 1e6 : limit);
const meant = (kind, text) => Math.round(Number(text) * (kind === "money" ? 1e6 : 1));

const titleOf = ({ scope, name, per }) => {
  const title = SCOPES.find(([one]) => one === scope)[1];
  if (scope === "organization") return per ? `${title}, a ${per}` : title;
  return name === EACH ? `Each other ${title.toLowerCase()}` : `${title} ${name}`;
};

const kindsOf = (scope, name, caps) =>
  KINDS.filter((kind) => caps[kind] !== undefined).map((kind) => ({
    scope,
    name,
    kind,
    per: caps.per,
    limit: caps[kind],
  }));

const rowsOf = (budgets) =>
  SCOPES.flatMap(([scope]) => {
    if (scope === "organization") return kindsOf(scope, undefined, budgets.organization || {});
    return Object.entries(budgets[scope] || {}).flatMap(([name, caps]) => kindsOf(scope, name, caps));
  });

// What to merge into the settings; without a limit the cap is taken away.
function change({ scope, name, kind }, limit) {
  const cap = { [kind]: limit };
  return { budgets: { [scope]: scope === "organization" ? cap : { [name]: cap } } };
}

function useChange({ revision, reload }) {
  const act = useAct();
  const send = (cap, limit) =>
    act.run(() => patch("/v1/settings", change(cap, limit), revision)).then((done) => done && reload());
  return { act, send, off: act.busy || !useOnline() };
}

function Limit({ kind, currency, text, set, label }) {
  return (
    <span class="row tight">
      <input
        class="txt n"
        type="number"
        min="0"
        step={kind === "money" ? "0.01" : "1"}
        required
        value={text}
        aria-label={label}
        onInput={(e) => set(e.target.value)}
      />
      <span class="s m">{unitOf(kind, currency)}</span>
    </span>
  );
}

function Cap({ cap, currency, settings }) {
  const [text, set] = useState(shown(cap.kind, cap.limit)),
    { act, send, off } = useChange(settings);
  const title = `${titleOf(cap)}, ${cap.kind}`,
    is_same = text === shown(cap.kind, cap.limit);
  return (
    <tr>
      <th scope="row" class="wrap">
        {title}
      </th>
      <td>
        <Limit kind={cap.kind} currency={currency} text={text} set={set} label={"Limit of " + title} />
        {act.error && <Failure error={act.error} />}
      </td>
      <td>
        <div class="row">
          <button class="btn" disabled={off || is_same || !text} onClick={() => send(cap, meant(cap.kind, text))}>
            Save cap
          </button>
          <button class="btn d" disabled={off} onClick={() => send(cap, null)} aria-label={"Remove cap: " + title}>
            Remove
          </button>
        </div>
      </td>
    </tr>
  );
}

const Choice = ({ title, value, set, options }) => (
  <label class="field">
    {title}
    <select value={value} onChange={(e) => set(e.target.value)}>
      {options.map(([one, name]) => (
        <option key={one} value={one}>
          {name}
        </option>
      ))}
    </select>
  </label>
);

function Add({ currency, settings }) {
  const [scope, setScope] = useState("organization"),
    [name, setName] = useState(""),
    [kind, setKind] = useState("tokens"),
    [text, setText] = useState(""),
    { act, send, off } = useChange(settings);
  const add = (e) => {
    e.preventDefault();
    send({ scope, name: name.trim() || EACH, kind }, meant(kind, text));
  };
  return (
    <form class="inline" onSubmit={add}>
      <Choice title="Of" value={scope} set={setScope} options={SCOPES} />
      {scope !== "organization" && <Field title="Name (none: each)" value={name} set={setName} autoComplete="off" />}
      <Choice title="What" value={kind} set={setKind} options={KINDS.map((one) => [one, one])} />
      <div class="field">
        Limit
        <Limit kind={kind} currency={currency} text={text} set={setText} label="Limit" />
      </div>
      <button class="btn p" disabled={off || !text}>
        Set cap
      </button>
      {act.error && <Failure error={act.error} />}
    </form>
  );
}

const List = ({ rows, currency, settings }) => (
  <Table label="Caps" heads={["Cap", "Limit", "Acts"]}>
    {rows.map((cap) => (
      <Cap
        key={[cap.scope, cap.name, cap.kind, cap.limit].join("/")}
        cap={cap}
        currency={currency}
        settings={settings}
      />
    ))}
  </Table>
);

function Editor({ data, reload }) {
  const budgets = data.settings.budgets || {},
    rows = rowsOf(budgets),
    settings = { revision: data.revision, reload };
  return (
    <>
      {rows.length === 0 ? (
        <Empty>No caps are set: nothing bounds what is spent.</Empty>
      ) : (
        <List rows={rows} currency={budgets.currency} settings={settings} />
      )}
      <h2 class="next">Set cap</h2>
      <Add currency={budgets.currency} settings={settings} />
    </>
  );
}

export function Caps() {
  const settings = useData("/v1/settings", (event) => /^project\.saved$/.test(event.kind));
  return (
    <section>
      <h2>Caps</h2>
      <p class="s m">
        Work parks when a cap is reached. Runs that begin or go on from now on keep to what is set here; what is used
        is under Costs.
      </p>
      <Loaded of={settings}>{(data) => <Editor data={data} reload={settings.reload} />}</Loaded>
    </section>
  );
}
