// settings.jsx: one's own settings, and those of the server by role.

import { Empty } from "../shared/feedback.jsx";
import { may } from "../shared/me.js";
import { Approvers } from "./approvers.jsx";
import { Caps } from "./caps.jsx";
import { Keys } from "./keys.jsx";
import { Models } from "./models.jsx";
import { Profile } from "./profile.jsx";
import "./settings.css";
import { System } from "./system.jsx";
import { Users } from "./users.jsx";

// Name, title, the permission it needs, what is shown.
const PARTS = [
  ["profile", "Profile", "read", Profile],
  ["users", "Users", "admin", Users],
  ["approvers", "Approvers", "read", Approvers],
  ["keys", "Keys", "read", Keys],
  ["caps", "Caps", "admin", Caps],
  ["models", "Models", "read", Models],
  ["system", "System", "read", System],
];

export function Settings({ base, name }) {
  const parts = PARTS.filter(([, , needs]) => may(needs));
  const [chosen, , , Part] = parts.find(([one]) => one === name) || (name ? [] : parts[0]);
  return (
    <>
      <div class="bar">
        <h1>Settings</h1>
        <nav class="seg" aria-label="Settings">
          {parts.map(([one, title]) => (
            <a key={one} href={`${base}/settings/${one}`} aria-current={one === chosen ? "page" : undefined}>
              {title}
            </a>
          ))}
        </nav>
      </div>
      <div class="scroll page" tabIndex={0} role="region" aria-label="Settings">
        {Part ? (
          <Part />
        ) : (
          <Empty>
            {PARTS.some(([one]) => one === name)
              ? "An administrator has to give you the role for these settings."
              : "There are no such settings."}
          </Empty>
        )}
      </div>
    </>
  );
}
