// keys.jsx: access keys for programs: with scope and end; the key's text is shown once.

import { useState } from "preact/hooks";
import { id, post } from "../shared/api.js";
import { Empty, Failure, Field, Loaded, useAct } from "../shared/feedback.jsx";
import { When } from "../shared/format.jsx";
import { useData, useOnline } from "../shared/live.js";
import { whoAmI } from "../shared/me.js";
import { Table } from "../shared/table.jsx";

const SCOPES = ["read", "run", "act"];

const Made = ({ name, text }) => (
  <div class="box amber" role="status">
    <div class="b">The key {name}, shown this once:</div>
    <pre class="code">{text}</pre>
  </div>
);

function Add({ reload }) {
  const me = whoAmI();
  const [name, setName] = useState(""),
    [days, setDays] = useState("90"),
    [allow, setAllow] = useState(["read"]),
    [user, setUser] = useState(""),
    [made, setMade] = useState(""),
    act = useAct(),
    online = useOnline();
  const toggle = (one) =>
    setAllow(allow.includes(one) ? allow.filter((other) => other !== one) : [...allow, one]);
  const owner = () => {
    if (me.kind !== "admin") return {};
    return user.trim() ? { user: user.trim() } : { service: true };
  };
  const send = async (e) => {
    e.preventDefault();
    setMade(name.trim());
    const body = { name: name.trim(), days: Number(days), allow, ...owner() };
    if (await act.run(() => post("/v1/keys", body))) reload();
  };
  return (
    <>
      <form class="inline" onSubmit={send}>
        <Field title="Name" value={name} set={setName} required />
        {me.kind === "admin" && (
          <Field title="User (none: a service)" value={user} set={setUser} autoComplete="off" />
        )}
        <Field title="Days" value={days} set={setDays} type="number" min="1" max="3650" />
        <fieldset class="row">
          <legend class="sr">It may</legend>
          {SCOPES.map((one) => (
            <label key={one} class="row tight">
              <input type="checkbox" checked={allow.includes(one)} onChange={() => toggle(one)} />
              {one}
            </label>
          ))}
        </fieldset>
        <button class="btn p" disabled={act.busy || !online || !name.trim() || allow.length === 0}>
          Make key
        </button>
      </form>
      {act.error && <Failure error={act.error} />}
      {act.done && <Made name={made} text={act.done.key} />}
    </>
  );
}

function Key({ row, reload }) {
  const act = useAct(),
    off = act.busy || !useOnline();
  const revoke = () => act.run(() => post(`/v1/keys/${id(row.id)}/revoke`, {})).then(reload);
  return (
    <tr>
      <th scope="row">{row.name}</th>
      <td>{row.user || "a service"}</td>
      <td>{row.scope.join(", ")}</td>
      <td class="no-s">
        <When at={row.expires_at} />
      </td>
      <td>
        {row.revoked_at ? (
          "Revoked"
        ) : (
          <button class="btn d" disabled={off} onClick={revoke}>
            Revoke
          </button>
        )}
        {act.error && <Failure error={act.error} />}
      </td>
    </tr>
  );
}

export function Keys() {
  const keys = useData("/v1/keys", (event) => /^key\./.test(event.kind));
  return (
    <>
      <section>
        <h2>Keys</h2>
        <Loaded of={keys}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty>No keys. Programs sign in with one.</Empty>
            ) : (
              <Table label="Keys" heads={["Name", "Of", "May", ["Until", "no-s"], "Acts"]}>
                {items.map((row) => (
                  <Key key={row.id} row={row} reload={keys.reload} />
                ))}
              </Table>
            )
          }
        </Loaded>
      </section>
      <section>
        <h2>Make key</h2>
        <Add reload={keys.reload} />
      </section>
    </>
  );
}
