// api.js: requests to the service. The key, or the token of who signed in, lives in sessionStorage: as long as this
// tab, never in a URL, never in a cookie, so a page of another site cannot make the browser send it.

const KEY = "orket.key",
  RENEW = "orket.renew"; // when a token is exchanged, ms since 1970; a key has none

export const key = {
  get: () => sessionStorage.getItem(KEY),
  set: (text) => sessionStorage.setItem(KEY, text),
  drop: () => [KEY, RENEW].forEach((name) => sessionStorage.removeItem(name)),
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

function headers(more) {
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

// A path in the project that the page's URL names; none yet: the server's first.
export function place(path) {
  const [project] = location.pathname.match(/^\/w\/[^/]+/) || [""];
  return project + path;
}

function request(path, options) {
  return fetch(path, options).catch(() => {
    throw new Problem(0, OFFLINE);
  });
}

async function ask(path, options) {
  return answered(await request(place(path), options));
}

// What a request is sent with so that it happens once, however often it is sent.
export const nonce = () => (crypto.randomUUID ? crypto.randomUUID() : String(Math.random()).slice(2));

// Changes what has this revision; another one is refused.
export const patch = (path, body, revision) =>
  ask(path, {
    method: "PATCH",
    headers: headers({ "Content-Type": "application/json", "If-Match": `"${revision}"` }),
    body: JSON.stringify(body),
  });

// Of the server itself, where there is no project of the URL's name.
async function askAnywhere(path, options) {
  const response = await request(place(path), options);
  return answered(response.status === 404 ? await request(path, options) : response);
}

const OF_SERVER = "/v1/workspaces"; // the projects that one may see

export const get = (path) => (path === OF_SERVER ? askAnywhere : ask)(path, { headers: headers() });

// `once`: sent again with the same text, the service does it a second time no more.
export function post(path, body, once) {
  const more = { "Content-Type": "application/json" };
  if (once) more["Idempotency-Key"] = once;
  return ask(path, { method: "POST", headers: headers(more), body: JSON.stringify(body) });
}

// Is this key good? Without touching the one that is kept.
export const tried = (text) => askAnywhere(OF_SERVER, { headers: { Authorization: "Bearer " + text } });

// ---- who signed in with a password ----

let timer;

function keep(token) {
  key.set(token.token);
  sessionStorage.setItem(RENEW, Date.now() + (token.expires_in * 1000 * 2) / 3);
  renewInTime();
}

const AGAIN = 10e3; // ms until a renewal that got no answer is tried again

// Exchanges the token before it ends.
function renewInTime() {
  clearTimeout(timer);
  const at = sessionStorage.getItem(RENEW);
  if (at) timer = setTimeout(renew, Math.max(0, at - Date.now()));
}

async function renew() {
  const said = await post("/v1/token", {}).catch((problem) => problem);
  if (said.token) keep(said);
  else if (said.status !== 401) timer = setTimeout(renew, AGAIN); // signed out is signed out
}

export async function signIn(name, password) {
  keep(
    await askAnywhere("/v1/login", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name, password }),
    }),
  );
  return true;
}

// The session ends on the server as well.
export function signOut() {
  clearTimeout(timer);
  if (sessionStorage.getItem(RENEW)) post("/v1/logout", {}).catch(() => {});
  key.drop();
}

renewInTime();

export const id = encodeURIComponent;

// Saves the bytes of a GET as a file; a link could not send the key.
export async function download(path, name) {
  const response = await fetch(place(path), { headers: headers() });
  if (!response.ok) throw new Problem(response.status, await response.json().catch(() => ({})));
  const url = URL.createObjectURL(await response.blob());
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
