// system.jsx: the server, the caps and bounds of the project, and the audit of users and keys.

import { Empty, Loaded } from "../shared/feedback.jsx";
import { actorName, When } from "../shared/format.jsx";
import { useData } from "../shared/live.js";
import { may } from "../shared/me.js";
import { visible } from "../shared/visible.js";

// A sign-in that failed has no name where no user has it; several of a minute are one event.
function signIn({ body }) {
  if (body.ok) return ["Signed in", body.name, body.address];
  const times = body.count > 1 ? `${body.count} times` : "";
  return ["Sign-in failed", body.name || "a name that no user has", body.address, times];
}

const ANSWERS = { approved: "Approved", denied: "Denied", expired: "Expired", void: "Void" };
const by = ({ actor }) => "by " + actorName(actor);

// kind -> what happened, and about what
const SAID = {
  "user.signed_in": signIn,
  "user.created": (e) => ["User made", e.body.name, e.body.role, by(e)],
  "user.changed": (e) => ["User changed", e.body.name, Object.keys(e.body.set || {}).join(" and "), by(e)],
  "user.removed": (e) => ["User removed", e.body.name, by(e)],
  "key.created": (e) => ["Key made", e.body.name, e.body.user || "a service", by(e)],
  "key.revoked": (e) => ["Key revoked", e.body.id, by(e)],
  "approval.given": (e) => ["One yes of several", e.body.ask, by(e)],
  "approval.answered": (e) => [ANSWERS[e.body.answer] || "Answered", e.body.ask, by(e)],
};

function AuditRow({ event }) {
  const [what, ...about] = (SAID[event.kind] || (() => [event.kind]))(event);
  const failed = event.kind === "user.signed_in" && !event.body.ok;
  return (
    <li class="row line">
      <span class={"b" + (failed ? " c-red" : "")}>{what}</span>
      <span class="m grow wrap">{visible(about.filter(Boolean).join(", "))}</span>
      <span class="s f">
        <When at={event.at} />
      </span>
    </li>
  );
}

function Audit() {
  const audit = useData("/v1/audit?newest=true", (event) => /^(user\.|key\.|approval\.answered)/.test(event.kind));
  return (
    <section>
      <h2>Audit</h2>
      <Loaded of={audit}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>No user, key or answer yet.</Empty>
          ) : (
            <ul>
              {items.map((event) => (
                <AuditRow key={event.seq} event={event} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </section>
  );
}

export function System() {
  const version = useData("/v1/version", () => false),
    settings = useData("/v1/settings", (event) => event.kind === "project.saved");
  return (
    <>
      <section>
        <h2>Server</h2>
        <Loaded of={version}>
          {(data) => (
            <p>
              Orket {data.version}, API {data.api}, organization {data.organization}
            </p>
          )}
        </Loaded>
      </section>
      <section>
        <h2>Caps and bounds</h2>
        <p class="s m">They are part of config/organization.json.</p>
        <Loaded of={settings}>
          {(data) => <pre class="code">{JSON.stringify(data.settings, null, 2)}</pre>}
        </Loaded>
      </section>
      {may("admin") && <Audit />}
    </>
  );
}
