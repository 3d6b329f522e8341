// system.jsx: the server, the caps and bounds of the project, and the audit of users and keys.

import { Empty, Loaded } from "../shared/feedback.jsx";
import { When } from "../shared/format.jsx";
import { useData } from "../shared/live.js";
import { may } from "../shared/me.js";

function Audit() {
  const audit = useData("/v1/audit", (event) => /^(user\.|key\.|approval\.answered)/.test(event.kind));
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
                <li key={event.seq} class="row line">
                  <span class="b">{event.kind}</span>
                  <span class="m grow wrap">
                    {[event.body.name, event.body.ask, event.body.answer].filter(Boolean).join(", ")} by{" "}
                    {event.actor.replace(/^human:/, "")}
                  </span>
                  <span class="s f">
                    <When at={event.at} />
                  </span>
                </li>
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
    settings = useData("/v1/settings", (event) => event.kind === "config.changed");
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
