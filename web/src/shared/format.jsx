// format.jsx: figures, amounts and times as text.

export function count(n) {
  if (n < 1000) return String(n);
  return n < 1e6 ? (n / 1000).toFixed(1) + "k" : (n / 1e6).toFixed(1) + "M";
}

const SIGNS = { EUR: "€", USD: "$", GBP: "£" };

// An amount in millionths of a currency; of none no price was known.
export function money(amount, currency) {
  if (amount === undefined || amount === null) return "no price";
  const units = amount / 1e6,
    digits = units > 0 && units < 0.1 ? 4 : 2;
  const sign = SIGNS[currency] || (currency ? currency + " " : "");
  return sign + units.toFixed(digits);
}

// Who did something, without the word for a person.
export const actorName = (actor) => (actor || "").replace(/^human:/, "");

const pad = (n) => String(n).padStart(2, "0");
const dayOf = (at) => at.toLocaleDateString(undefined, { day: "numeric", month: "short" });

export function clock(at) {
  return `${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

// Today: the time; another day: the day too.
export function When({ at }) {
  const date = new Date(at),
    today = new Date().toDateString() === date.toDateString();
  const text = today ? `${clock(date)}:${pad(date.getSeconds())}` : `${dayOf(date)}, ${clock(date)}`;
  return (
    <time class="num" dateTime={at} title={date.toLocaleString()}>
      {text}
    </time>
  );
}

export function seconds(n) {
  if (n < 60) return n + " s";
  return n < 3600
    ? `${Math.floor(n / 60)} min ${n % 60} s`
    : `${Math.floor(n / 3600)} h ${Math.floor((n % 3600) / 60)} min`;
}

// How long something is still possible: "6 days left".
export function left(until) {
  const hours = (new Date(until) - Date.now()) / 3600e3;
  if (hours <= 0) return "expired";
  if (hours < 1) return `${Math.ceil(hours * 60)} min left`;
  return hours < 48 ? `${Math.floor(hours)} h left` : `${Math.floor(hours / 24)} days left`;
}

// How much of a kind of cap.
export function amount(kind, n, currency) {
  if (kind === "money") return money(n, currency);
  if (kind === "seconds") return seconds(Math.round(n));
  return kind === "disk" ? bytes(n) : count(n);
}

export function bytes(n) {
  if (n < 1e3) return n + " B";
  return n < 1e6 ? (n / 1e3).toFixed(1) + " kB" : (n / 1e6).toFixed(1) + " MB";
}
