// browser.mjs: a real browser at the page of `orket serve`, for the scenes beside it. A scene file is run as
//   node FILE.mjs SCENE URL KEY PID
// and ends with `await play({ scene, ... })`, which prints what was seen as one line of JSON.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [scene, url, key, pid] = process.argv.slice(2);
export { key, pid, url };
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
export const seen = { errors: [], hosts: [], posts: [] };

export async function open(options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60000);
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

export async function signIn(page) {
  await page.fill("#key", key);
  await page.click("text=Sign in");
  await page.waitForSelector("nav.side .dot.live", { state: "attached" });
}

// Goes on by Tab until the element that has the focus begins with this text.
export async function tabTo(page, text, press = () => page.keyboard.press("Tab")) {
  for (let i = 0; i < 60; i++) {
    await press("Tab");
    if (await page.evaluate((words) => document.activeElement.innerText?.trim().startsWith(words), text)) return;
  }
  throw new Error("no way by Tab to " + text);
}

const known = await fetch(`${url}/v1/workspaces`, { headers: { Authorization: `Bearer ${key}` } });
const [project] = (await known.json()).items;
export const view = (path) => `${url}/w/${project.name}/${path}`;

export async function enter(path, options) {
  const page = await open(options);
  await page.goto(view(path));
  await signIn(page);
  return page;
}

// Signs in as a user of her own, who may only look.
export async function enterAsViewer(path) {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    password = "correct horse battery";
  const body = JSON.stringify({ name: "ada", role: "viewer", password });
  seen.made = (await fetch(`${url}/v1/users`, { method: "POST", headers, body })).ok;
  const page = await open();
  await page.goto(view(path));
  await page.fill("#name", "ada");
  await page.fill("#key", password);
  await page.click("text=Sign in");
  return page;
}

export const buttons = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("main button")].filter((one) => one.offsetParent).map((one) => one.innerText.trim()),
  );

// The page's own policy lets no script of ours in; the debugger's protocol does.
export async function violations(page) {
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

// Plays the scene that the command line names.
export async function play(scenes) {
  try {
    await scenes[scene]();
  } catch (error) {
    seen.failed = String(error.stack);
  }
  await browser.close();
  console.log(JSON.stringify(seen));
}
