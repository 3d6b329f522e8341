// approvers.jsx: who may answer what agents ask: rule by epic by role, how many have to say yes, and who stands in.

import { Empty, Loaded } from "../shared/feedback.jsx";
import { Icon } from "../shared/icons.jsx";
import { useData } from "../shared/live.js";
import { Table } from "../shared/table.jsx";

const nameOf = (glob, all) => (glob === "*" ? all : glob);

// Without a role or a user of its own a rule is for each who may answer otherwise.
const mayRole = (rule, role, otherwise) =>
  rule.roles ? rule.roles.includes(role) : !rule.users && otherwise.includes(role);

const Mark = ({ yes }) => (
  <td class="mark">
    {yes ? (
      <span class="c-teal">
        <Icon name="done" />
        <span class="sr">may answer</span>
      </span>
    ) : (
      <span class="sr">may not</span>
    )}
  </td>
);

const Rule = ({ rule, roles, otherwise }) => (
  <tr>
    <th scope="row" class="mono wrap">
      {nameOf(rule.rule, "every rule")}
    </th>
    <td class="mono wrap">{nameOf(rule.epic, "every epic")}</td>
    {roles.map((role) => (
      <Mark key={role} yes={mayRole(rule, role, otherwise)} />
    ))}
    <td>{(rule.users || []).join(", ")}</td>
    <td class="n">{rule.approvers}</td>
    <td>{rule.requester ? "May answer" : "May not"}</td>
  </tr>
);

const OTHERWISE = { rule: "*", epic: "*", approvers: 1, requester: true };

function Matrix({ rules, roles, otherwise }) {
  const heads = ["Rule", "Epic", ...roles.map((role) => [role, "mark"]), "Users", ["Approvers", "n"], "Requester"];
  return (
    <Table label="Approvers" heads={heads}>
      {(rules.length > 0 ? rules : [OTHERWISE]).map((rule, i) => (
        <Rule key={i} rule={rule} roles={roles} otherwise={otherwise} />
      ))}
    </Table>
  );
}

const Delegations = ({ delegations }) =>
  delegations.length === 0 ? (
    <Empty>No user stands in for another.</Empty>
  ) : (
    <ul>
      {delegations.map((one) => (
        <li key={one.from + one.to + one.until} class="line row">
          <span class="grow">
            {one.to} for {one.from}
          </span>
          <span class="m">{one.is_over ? `ended ${one.until}` : `until ${one.until}`}</span>
        </li>
      ))}
    </ul>
  );

export function Approvers() {
  const found = useData("/v1/approvers", (event) => /^project\.saved$/.test(event.kind));
  return (
    <Loaded of={found}>
      {(data) => (
        <>
          <section>
            <h2>Approvers</h2>
            <p class="s m">
              Every line that fits a question has to be met; where none fits, each user who may act answers. The
              requester is who began the run, or went on with it. Lines are "people.approvals" of
              config/organization.json.
            </p>
            <Matrix {...data} />
          </section>
          <section>
            <h2>Stand-ins</h2>
            <Delegations delegations={data.delegations} />
          </section>
        </>
      )}
    </Loaded>
  );
}
