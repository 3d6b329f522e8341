// api.js: requests to the service. The key lives in sessionStorage: as long as this tab, never in a URL, never in
// a cookie, so a page of another site cannot make the browser send it.

const KEY = "orket.key";

export const key = {
  get: () => sessionStorage.getItem(KEY),
  set: (text) => sessionStorage.setItem(KEY, text),
  drop: () => sessionStorage.removeItem(KEY),
};

// What the service answered instead: {status, code, detail, fix, instance}.
export class Problem extends Error {
  constructor(status, said) {
    super(said.detail || "The server answered " + status + ".");
    Object.assign(this, { status, code: said.code, fix: said.fix, id: said.instance });
  }
}

let onDenied = () => {};

// Called when the key is no longer good.
export const whenDenied = (call) => {
  onDenied = call;
};

export function headers(more) {
  return { Authorization: "Bearer " + key.get(), ...more };
}

const OFFLINE = {
  code: "ERR_NET",
  detail: "The server does not answer.",
  fix: "Is orket serve running? The page goes on by itself when it is back.",
};

async function answered(response) {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  if (response.status === 401) onDenied();
  throw new Problem(response.status, body);
}

// The server itself, not one of its projects.
const OF_SERVER = /^\/v1\/workspaces\b/;

// A path in the project that the page's URL names; none yet: the server's first.
export function place(path) {
  const [project] = location.pathname.match(/^\/w\/[^/]+/) || [""];
  return OF_SERVER.test(path) ? path : project + path;
}

async function ask(path, options) {
  const response = await fetch(place(path), options).catch(() => {
    throw new Problem(0, OFFLINE);
  });
  return answered(response);
}

export const get = (path) => ask(path, { headers: headers() });

// `once`: sent again with the same text, the service does it a second time no more.
export function post(path, body, once) {
  const more = { "Content-Type": "application/json" };
  if (once) more["Idempotency-Key"] = once;
  return ask(path, { method: "POST", headers: headers(more), body: JSON.stringify(body) });
}

// Is this key good? Without touching the one that is kept.
export const tried = (text) => ask("/v1/workspaces", { headers: { Authorization: "Bearer " + text } });

export const id = encodeURIComponent;
