// status.jsx: the statuses of a card with their names, shapes and colours; reasons and seats.

import { Icon, ICONS } from "./icons.jsx";

export const STATUS = {
  ready: ["Ready", "gray"],
  in_progress: ["In progress", "blue"],
  ready_for_testing: ["Ready for testing", "violet"],
  code_review: ["Code review", "violet"],
  blocked: ["Blocked", "amber"],
  waiting_for_developer: ["Waiting for a person", "amber"],
  done: ["Done", "teal"],
  canceled: ["Canceled", "gray"],
  archived: ["Archived", "gray"],
};

export const statusName = (status) => (STATUS[status] || [status])[0];

export function Status({ status }) {
  const [name, colour] = STATUS[status] || [status, "gray"];
  return (
    <span class={"st c-" + colour} title={name}>
      {ICONS[status] && <Icon name={status} />}
      <span class="sr">{name}</span>
    </span>
  );
}

export function Pill({ status, children }) {
  const [name, colour] = STATUS[status] || [status, "gray"];
  return (
    <span class={"pill " + colour}>
      {ICONS[status] && <Icon name={status} />}
      {name}
      {children}
    </span>
  );
}

const REASONS = {
  review: "a review",
  input: "an answer",
  dependency: "another card",
  resource: "a resource or cap",
  system: "a system",
};

export const reasonName = (reason) => REASONS[reason] || reason;

// What a parked card waits for: an approval only when one is asked.
export const waitsFor = (card) => (card.approval ? "approval" : card.wait_reason && reasonName(card.wait_reason));

export const Seat = ({ name }) =>
  name ? (
    <span class="av" title={"Seat: " + name}>
      <span aria-hidden="true">{name.slice(0, 2).toUpperCase()}</span>
      <span class="sr">{"Seat: " + name}</span>
    </span>
  ) : null;
