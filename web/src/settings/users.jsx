// users.jsx: who may sign in, with which role; for administrators.

import { useState } from "preact/hooks";
import { id, post } from "../shared/api.js";
import { Empty, Failure, Field, Loaded, useAct } from "../shared/feedback.jsx";
import { When } from "../shared/format.jsx";
import { useData, useOnline } from "../shared/live.js";
import { Table } from "../shared/table.jsx";

const matters = (event) => /^user\./.test(event.kind);

function Add({ roles }) {
  const [name, setName] = useState(""),
    [password, setPassword] = useState(""),
    [role, setRole] = useState("viewer"),
    act = useAct(),
    online = useOnline();
  const send = async (e) => {
    e.preventDefault();
    const body = { name: name.trim(), role, password: password || undefined };
    if (await act.run(() => post("/v1/users", body))) [setName, setPassword].forEach((set) => set(""));
  };
  return (
    <form class="inline" onSubmit={send}>
      <Field title="Name" value={name} set={setName} required autoComplete="off" />
      <Field title="Password" value={password} set={setPassword} type="password" autoComplete="new-password" />
      <label class="field">
        Role
        <Role roles={roles} value={role} set={setRole} />
      </label>
      <button class="btn p" disabled={act.busy || !online || !name.trim()}>
        Add user
      </button>
      {act.error && <Failure error={act.error} />}
    </form>
  );
}

const Role = ({ roles, value, set, label }) => (
  <select value={value} aria-label={label} onChange={(e) => set(e.target.value)}>
    {Object.keys(roles).map((one) => (
      <option key={one}>{one}</option>
    ))}
  </select>
);

function User({ user, roles }) {
  const act = useAct(),
    [sure, ask] = useState(false),
    off = act.busy || !useOnline();
  const change = (body) => act.run(() => post(`/v1/users/${id(user.name)}`, body));
  const remove = () => (sure ? act.run(() => post(`/v1/users/${id(user.name)}/remove`, {})) : ask(true));
  return (
    <tr>
      <th scope="row">{user.name}</th>
      <td>
        <Role
          roles={roles}
          value={user.role}
          set={(role) => change({ role })}
          label={"Role of " + user.name}
        />
      </td>
      <td class="no-s">{user.signed_in_at ? <When at={user.signed_in_at} /> : "never"}</td>
      <td class="no-s">{user.disabled ? "Disabled" : "Enabled"}</td>
      <td>
        <div class="row">
          <button class="btn" disabled={off} onClick={() => change({ disabled: !user.disabled })}>
            {user.disabled ? "Enable" : "Disable"}
          </button>
          <button class="btn d" disabled={off} onClick={remove}>
            {sure ? "Remove for good" : "Remove"}
          </button>
        </div>
        {act.error && <Failure error={act.error} />}
      </td>
    </tr>
  );
}

export function Users() {
  const users = useData("/v1/users", matters);
  return (
    <Loaded of={users}>
      {({ items, roles }) => (
        <>
          <section>
            <h2>Users</h2>
            {items.length === 0 ? (
              <Empty>No users yet: the administrator's key signs in.</Empty>
            ) : (
              <Table label="Users" heads={["Name", "Role", ["Signed in", "no-s"], ["State", "no-s"], "Acts"]}>
                {items.map((user) => (
                  <User key={user.name} user={user} roles={roles} />
                ))}
              </Table>
            )}
          </section>
          <section>
            <h2>Add user</h2>
            <Add roles={roles} />
          </section>
          <section>
            <h2>What roles may</h2>
            <dl class="facts-list">
              {Object.entries(roles).map(([name, some]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd class="m">{[].concat(some).join(", ")}</dd>
                </div>
              ))}
            </dl>
          </section>
        </>
      )}
    </Loaded>
  );
}
