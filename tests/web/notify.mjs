// notify.mjs: notifications of the desktop, recorded in the place of the browser's (tests/spec/page_notify_spec.lua).

import { key, open, play, seen, signIn, url, view } from "./browser.mjs";

const call = async (path, body) => {
  const reply = await fetch(url + path, {
    method: body ? "POST" : "GET",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  if (!reply.ok) throw new Error(await reply.text());
  return reply.json();
};

const PASSWORD = "correct horse battery";

// A page whose browser answers `answer` when it is asked; window.away: it is out of sight.
async function enter(answer, user) {
  const page = await open();
  await page.addInitScript((granted) => {
    Object.assign(window, { shown: [], asked: 0, away: false });
    Object.defineProperty(document, "hidden", { get: () => window.away });
    window.Notification = class {
      constructor(title, options) {
        Object.assign(this, { title, ...options });
        window.shown.push(this);
      }
      close() {
        this.closed = true;
      }
      static get permission() {
        return sessionStorage.getItem("test.permission") || "default";
      }
      static async requestPermission() {
        window.asked += 1;
        sessionStorage.setItem("test.permission", granted);
        return granted;
      }
    };
  }, answer);
  await page.goto(view("settings/profile"));
  if (user) {
    await page.fill("#name", user);
    await page.fill("#key", PASSWORD);
    await page.click("text=Sign in");
    await page.waitForSelector("nav.side .dot.live", { state: "attached" });
  } else await signIn(page);
  await page.waitForSelector("text=Notify me in this browser");
  return page;
}

const box = (page) => page.locator("label:has-text('Notify me in this browser') input");
const away = (page, is) => page.evaluate((to) => (window.away = to), is);
const shown = (page) =>
  page.evaluate(() => window.shown.map(({ title, body, tag, closed }) => [title, body, tag, !!closed]));

// A run of a card that comes to wait for a person, until the pages count it.
async function ask(card, count, ...pages) {
  await call("/v1/runs", { card });
  for (const page of pages) await page.waitForFunction((n) => document.title.startsWith(`(${n}) `), count);
}

await play({
  async day() {
    await call("/v1/users", { name: "eve", role: "viewer", password: PASSWORD });
    const page = await enter("granted");
    const states = [[await page.evaluate(() => window.asked), await box(page).isChecked()]];
    await away(page, true);
    await ask("A", 1, page);
    seen.off = await shown(page);
    await box(page).check();
    states.push([await page.evaluate(() => window.asked), await box(page).isChecked()]);
    seen.states = states;

    await away(page, false);
    await ask("B", 2, page);
    seen.insight = await shown(page);

    const viewer = await enter("granted", "eve");
    await box(viewer).check();
    await Promise.all([away(page, true), away(viewer, true)]);
    await ask("C", 3, page, viewer);
    await page.waitForFunction(() => window.shown.length > 0);
    seen.waits = await shown(page);
    await page.evaluate(() => window.shown[0].onclick());
    await page.waitForSelector(".act >> text=Approve once");
    seen.opened = new URL(page.url()).pathname;
    seen.closed = (await shown(page))[0][3];
    seen.sent = seen.posts.filter((path) => !path.endsWith("/v1/login"));

    const { items } = await call("/v1/approvals");
    const { id, hash } = items.find((one) => one.card === "C");
    await call(`/v1/approvals/${encodeURIComponent(id)}/approve`, { hash });
    for (const one of [page, viewer]) await one.waitForFunction(() => window.shown.at(-1)?.title.startsWith("Run ended"));
    seen.over = await shown(page);
    seen.viewer = await shown(viewer);

    // Off again, and nothing more comes.
    await page.goto(view("settings/profile"));
    await away(page, true);
    await box(page).uncheck();
    await ask("D", 3, page);
    seen.after = await shown(page);
  },

  // What the browser does not allow is explained, and not asked for again.
  async denied() {
    const page = await enter("denied");
    await box(page).click();
    await page.waitForSelector("text=This browser blocks them here");
    seen.box = [await box(page).isChecked(), await box(page).isDisabled()];
    await away(page, true);
    await ask("A", 1, page);
    seen.shown = await shown(page);
  },
});
