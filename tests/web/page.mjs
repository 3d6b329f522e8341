// page.mjs: a person at the page of `orket serve`, in a real browser (tests/spec/page_spec.lua). Prints what
// was seen as one line of JSON.
//   node page.mjs SCENE URL KEY PID

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [scene, url, key, pid] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
const seen = { errors: [], hosts: [], posts: [] };

async function open(options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on(
    "console",
    (message) =>
      /Content Security Policy|TrustedHTML/.test(message.text()) && seen.errors.push(message.text()),
  );
  page.on("request", (request) => {
    const to = new URL(request.url());
    if (!seen.hosts.includes(to.host)) seen.hosts.push(to.host);
    if (request.method() === "POST") seen.posts.push(to.pathname);
  });
  return page;
}

async function signIn(page) {
  await page.fill("#key", key);
  await page.click("text=Sign in");
  await page.waitForSelector("nav.side .dot.live", { state: "attached" });
}

const view = (path) => `${url}/w/Test/${path}`;

// The page's own policy lets no script of ours in; the debugger's protocol does.
async function violations(page) {
  const protocol = await page.context().newCDPSession(page);
  const expression = `${axe};axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] })
    .then((found) => JSON.stringify(found.violations.map((one) => one.id + " " + one.nodes[0].html)))`;
  const found = await protocol.send("Runtime.evaluate", {
    expression,
    awaitPromise: true,
    returnByValue: true,
  });
  return JSON.parse(found.result.value);
}

const SCENES = {
  async day() {
    const page = await open();
    await page.goto(view("cards/B?tab=details"));
    await page.fill("#key", "wrong-key-of-someone");
    await page.click("text=Sign in");
    seen.wrong = await page.textContent("[role=alert]");
    await signIn(page);
    seen.returned = await page.textContent("h1");
    seen.stored = await page.evaluate(() => JSON.stringify([localStorage, document.cookie, location.href]));

    await page.goto(view("board"));
    await page.waitForSelector(".tile");
    seen.names = await page.locator(".tile .t").allTextContents();
    seen.title = await page.title();

    await page.click("text=Start run");
    await page.fill("dialog input[required]", "ep");
    await page.click("dialog button.p");
    await page.waitForURL("**/runs/ep.1");
    await page.goto(view("cards/B"));
    await page.waitForSelector(".draft pre:has-text('think about')");
    seen.draft = await page.textContent(".draft");
    await page.waitForSelector(".draft", { state: "detached" });
    await page.waitForSelector("text=I think about it");
    seen.replies = await page.locator("p:has-text('I think about it')").count();

    await page.waitForSelector("nav.side .badge");
    seen.counted = await page.title();
    await page.click("nav.side a:has-text('Inbox')");
    await page.click(".item");
    const approve = page.locator("[data-key=a]");
    await approve.waitFor();
    seen.first = await approve.textContent();
    const before = seen.posts.length;
    await page.keyboard.press("a");
    await page.keyboard.press("Enter");
    await approve.dblclick();
    await page.waitForSelector("text=Approve once");
    seen.unread = seen.posts.length - before;
    seen.last = await page.locator(".whole span").last().textContent();
    await page.keyboard.press("Enter");
    await page.waitForSelector(".in >> text=Approved once");
    seen.approvals = seen.posts.slice(before);

    await page.goto(view("cards/B"));
    await page.waitForSelector(".pill:has-text('Done')");
    await page.keyboard.press("m");
    await page.click("dialog label:has-text('Ready for testing')");
    await page.click("dialog button.p");
    seen.refused = await page.textContent("dialog .stays");

    await page.evaluate(() => document.querySelector("dialog .acts button").click());
    process.kill(Number(pid), "SIGKILL");
    const cut = Date.now();
    await page.waitForSelector(".offline");
    seen.offline = { after: Date.now() - cut, text: await page.textContent(".offline") };
  },

  async access() {
    seen.violations = [];
    for (const [scheme, width] of [
      ["light", 1280],
      ["dark", 360],
    ]) {
      const page = await open({ colorScheme: scheme, viewport: { width, height: 740 } });
      await page.goto(url);
      await page.waitForSelector("#key");
      seen.violations.push(...(await violations(page)));
      await signIn(page);
      for (const path of ["board", "board?view=tree", "cards/A", "inbox", "runs"]) {
        await page.goto(view(path));
        await page.waitForSelector("h1");
        await page.waitForSelector("nav.side .dot.live", { state: "attached" });
        seen.violations.push(...(await violations(page)));
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (over > 0) seen.violations.push(`${path} is wider than ${width}`);
      }
      if (width === 360) {
        await page.click("text=More");
        await page.click("dialog >> text=Switch colour theme");
        seen.theme = await page.evaluate(() => document.documentElement.dataset.theme);
        seen.violations.push(...(await violations(page)));
        await page.click("dialog >> text=Sign out");
        await page.waitForSelector("#key");
        seen.kept = await page.evaluate(() => sessionStorage.length);
        continue;
      }
      await page.evaluate(() => {
        document.querySelector("h1").before(document.createElement("button"));
      });
      seen.planted = (await violations(page)).length;
    }
  },

  async crowd() {
    const page = await open();
    await page.goto(url);
    await signIn(page);
    await page.waitForSelector(".tile");
    seen.tiles = await page.locator(".tile").count();
    await page.evaluate(() => {
      const node = document.querySelector(".scroll");
      node.scrollTop = node.scrollHeight;
    });
    const total = await page.getAttribute(".tile >> xpath=..", "aria-setsize");
    await page.waitForSelector(`li[aria-posinset="${total}"]`);
    seen.last = Number(total);
    seen.after = await page.locator(".tile").count();
  },
};

try {
  await SCENES[scene]();
} catch (error) {
  seen.failed = String(error.stack);
}
await browser.close();
console.log(JSON.stringify(seen));
