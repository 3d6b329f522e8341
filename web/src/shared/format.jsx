// format.jsx: figures, amounts and times as text.

export function count(n) {
  if (n < 1000) return String(n);
  return n < 1e6 ? (n / 1000).toFixed(1) + "k" : (n / 1e6).toFixed(1) + "M";
}

export const money = (amount, currency) =>
  `${currency || ""} ${amount < 0.1 ? amount.toFixed(4) : amount.toFixed(2)}`.trim();

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
