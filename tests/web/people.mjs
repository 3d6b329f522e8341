// people.mjs: a user signs in with a password, acts in that name, and is signed out (tests/spec/people_page_spec.lua).

import { enter as enterByKey, open, play, seen, signIn, url, view, violations } from "./browser.mjs";

const PASSWORD = "correct horse battery";

async function asAdmin(path, body) {
  const key = process.argv[4];
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const reply = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
  if (!reply.ok) throw new Error(await reply.text());
}

async function enter(name, path) {
  const page = await open();
  await page.goto(view(path));
  await page.fill("#name", name);
  await page.fill("#key", PASSWORD);
  await page.click("text=Sign in");
  await page.waitForSelector("nav.side .dot.live", { state: "attached" });
  return page;
}

await play({
  // Who began a run is offered no answer to what it asks; another user is, and comes to it from a link.
  async requester() {
    for (const name of ["ada", "bob"]) await asAdmin("/v1/users", { name, role: "developer", password: PASSWORD });
    const page = await enter("ada", "board");
    await page.click("text=Start run");
    await page.fill("dialog input[required]", "A");
    await page.click("dialog button.p");
    await page.waitForFunction(() => document.title.startsWith("(1) "));
    await page.goto(view("inbox"));
    await page.click(".item");
    await page.waitForSelector(".act p");
    seen.says = await page.textContent(".act");
    const buttons = (one) => one.locator(".act button").allInnerTexts();
    seen.offered = await buttons(page);
    const other = await enter("bob", new URL(page.url()).pathname.split("/").slice(3).join("/"));
    await other.waitForSelector(".act >> text=Approve once");
    seen.others = (await buttons(other)).length;
  },

  // Two at one card see that, and not themselves.
  async together() {
    for (const name of ["ada", "bob"]) await asAdmin("/v1/users", { name, role: "viewer", password: PASSWORD });
    const ada = await enter("ada", "cards/A"),
      bob = await enter("bob", "cards/A");
    await bob.waitForSelector("[aria-label='ada looks at this card']");
    await ada.waitForSelector("[aria-label='bob looks at this card']");
    seen.selves = await ada.locator("[aria-label='ada looks at this card']").count();
    await ada.goto(view("board"));
    await bob.waitForSelector("[aria-label='ada looks at this card']", { state: "detached" });
    await ada.goto(view("cards/A"));
    await bob.waitForSelector("[aria-label='ada looks at this card']");
  },

  // An administrator sets, changes and removes caps; what the page sends is money in whole units.
  async caps() {
    const page = await enterByKey("settings/caps");
    const row = (title) => page.locator(`tr:has(th:text-is("${title}"))`);
    await page.waitForSelector("text=No caps are set");
    seen.empty = await violations(page);
    await page.selectOption("label:has-text('Of') select", "epics");
    await page.fill("label:has-text('Name') input", "ep");
    await page.selectOption("label:has-text('What') select", "money");
    await page.fill("[aria-label=Limit]", "2.50");
    await page.click("form button");
    await row("Epic ep, money").waitFor();
    await page.selectOption("label:has-text('Of') select", "cards");
    await page.fill("label:has-text('Name') input", "");
    await page.selectOption("label:has-text('What') select", "tokens");
    await page.fill("[aria-label=Limit]", "90000");
    await page.click("form button");
    await row("Each other card, tokens").waitFor();
    seen.violations = await violations(page);
    if (process.env.SHOTS) await page.screenshot({ path: process.env.SHOTS + "/caps.png" });
    await row("Epic ep, money").locator("input").fill("3");
    await row("Epic ep, money").locator("text=Save cap").click();
    await page.waitForFunction(() => [...document.querySelectorAll("td .btn")][0].disabled);
    await row("Each other card, tokens").locator("text=Remove").click();
    await row("Each other card, tokens").waitFor({ state: "detached" });
    await page.selectOption("label:has-text('What') select", "calls");
    await page.fill("[aria-label=Limit]", "0.5");
    await page.click("form button");
    seen.refused = await page.locator("[role=alert]").count();
  },

  // Who may answer what is a table, for everybody who may look.
  async approvers() {
    await asAdmin("/v1/users", { name: "ada", role: "viewer", password: PASSWORD });
    const page = await enter("ada", "settings/approvers");
    await page.waitForSelector("[aria-label=Approvers] tbody tr");
    seen.head = await page.locator("[aria-label=Approvers] thead th").allInnerTexts();
    seen.rows = await page
      .locator("[aria-label=Approvers] tbody tr")
      .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
    seen.delegations = await page.locator(".line").allInnerTexts();
    seen.tabs = await page.locator("[aria-label=Settings] a").allInnerTexts();
    seen.violations = await violations(page);
    if (process.env.SHOTS) await page.screenshot({ path: process.env.SHOTS + "/approvers.png" });
  },

  // More tabs than a browser has connections to a server.
  async tabs() {
    const first = await enterByKey("board");
    for (let i = 0; i < 8; i++) {
      const page = await first.context().newPage();
      await page.goto(view("board"));
      await signIn(page);
    }
    seen.answered = await first.evaluate(() => fetch("/v1/version").then((reply) => reply.status));
  },

  async user() {
    await asAdmin("/v1/users", { name: "ada", role: "viewer", password: PASSWORD });
    const page = await open();
    await page.goto(view("board"));
    await page.fill("#name", "ada");
    await page.fill("#key", "wrong password");
    if (process.env.SHOTS) await page.screenshot({ path: process.env.SHOTS + "/login.png" });
    await page.click("text=Sign in");
    seen.wrong = await page.textContent("[role=alert]");
    await page.fill("#key", PASSWORD);
    await page.click("text=Sign in");
    await page.waitForSelector("nav.side .dot.live", { state: "attached" });
    seen.stored = await page.evaluate(() => JSON.stringify([localStorage, document.cookie, location.href]));
    seen.token = await page.evaluate(() => sessionStorage.getItem("orket.key").split(".").length);
    await page.reload();
    await page.waitForSelector("nav.side .dot.live", { state: "attached" });
    // a token that is due is exchanged when the page begins
    await page.evaluate(() => sessionStorage.setItem("orket.renew", "1"));
    const renewed = page.waitForResponse((response) => response.url().endsWith("/v1/token"));
    await page.reload();
    seen.renewed = (await renewed).status();
    await page.waitForSelector("nav.side .dot.live", { state: "attached" });
    await asAdmin("/v1/users/ada", { disabled: true });
    await page.waitForSelector("#key");
    seen.left = await page.evaluate(() => sessionStorage.length);
  },
});
