// refusal_list.jsx: what was refused or needed approval: reason, fix, rule, where.

import { id } from "../shared/api.js";
import { aboutCall } from "../shared/calls.js";
import { Refusal } from "../shared/feedback.jsx";
import { When } from "../shared/format.jsx";
import { Icon } from "../shared/icons.jsx";
import { may } from "../shared/me.js";
import { statusName } from "../shared/status.jsx";
import { visible } from "../shared/visible.js";
import { placeOf, TryEdit } from "./try_edit.jsx";

const actionOf = (report) => {
  const action = report.attempted_action;
  return (
    [aboutCall(action), action.what, action.to && "move to " + statusName(action.to)].filter(Boolean).join(" ") ||
    report.violation_type
  );
};

// The event in the run's timeline: its reasons, and what follows from it.
const Where = ({ report, base }) => {
  const [run, place] = String(report.id || "").split("/");
  if (!place) return null;
  return (
    <a class="link s" href={`${base}/runs/${id(run)}?event=${id(place.replace(".", "/"))}`}>
      In the run
    </a>
  );
};

// card: its card is named; readOnly: of what was.
export function RefusalItem({ report, base, card, readOnly }) {
  const asks = report.decision === "ask",
    place = placeOf(report.where);
  return (
    <section class="refusal">
      <div class="row">
        <span class={asks ? "c-amber" : "c-red"}>
          <Icon name={asks ? "ask" : "refused"} />
        </span>
        <h3 class="wrap">
          {visible(actionOf(report))} {asks ? "needed approval" : "was refused"}
        </h3>
        {card && report.card_id && (
          <a class="link mono" href={`${base}/cards/${id(report.card_id)}?tab=refusals`}>
            {report.card_id}
          </a>
        )}
        <span class="grow" />
        {place && !readOnly && may("act") && <TryEdit event={report.event} place={place} />}
        <Where report={report} base={base} />
        <span class="s f">
          <When at={report.timestamp} />
        </span>
      </div>
      <Refusal why={report.detail} fix={report.remedy_suggestion} rule={report.rule} where={report.where} asks={asks} />
    </section>
  );
}
