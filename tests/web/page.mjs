// page.mjs: a day of a person at the page, what axe objects to, and many cards (tests/spec/page_spec.lua).

import { open, pid, play, seen, signIn, url, view, violations, key } from "./browser.mjs";

const ROUTES = [
  "board",
  "board?view=tree",
  "cards/A",
  "cards/B?tab=changes",
  "cards/A?tab=refusals",
  "cards/A?tab=cost",
  "cards/A?tab=details",
  "inbox",
  "inbox?state=answered",
  "runs",
  "costs",
  "refusals",
  "scripts",
  "settings/profile",
  "settings/users",
  "settings/keys",
  "settings/models",
  "settings/system",
];

// Every route in each scheme and width.
async function access(looks) {
  seen.violations = [];
  for (const [scheme, width] of looks) {
    const page = await open({ colorScheme: scheme, viewport: { width, height: 740 } });
    await page.goto(url);
    await page.waitForSelector("#key");
    seen.violations.push(...(await violations(page)));
    await signIn(page);
    await page.waitForSelector(".need a", { state: "attached" });
    const href = await page.getAttribute(".need a", "href");
    for (const path of [...ROUTES, href.split("/").slice(3).join("/")]) {
      await page.evaluate((to) => {
        history.pushState(null, "", to);
        dispatchEvent(new PopStateEvent("popstate"));
      }, view(path));
      await page.waitForSelector("h1");
      await page.waitForSelector("nav.side .dot.live", { state: "attached" });
      await page.waitForFunction(() => !document.querySelector("main [aria-busy=true]"));
      seen.violations.push(...(await violations(page)).map((one) => `${path}, ${scheme}: ${one}`));
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
}

await play({
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
    seen.edge = await page.locator(".draft").evaluate((node) => getComputedStyle(node).borderLeftStyle);
    const scroller = page.locator(".scroll[aria-label='Card B']");
    await page.setViewportSize({ width: 1280, height: 300 });
    await scroller.evaluate((node) => (node.scrollTop = 40));
    await page.waitForSelector(".draft", { state: "detached" });
    await page.waitForSelector("text=I think about it");
    seen.replies = await page.locator("p:has-text('I think about it')").count();
    seen.held = await scroller.evaluate((node) => node.scrollTop);
    await page.setViewportSize({ width: 1280, height: 800 });

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
    seen.last = await page.locator(".whole .a").last().textContent();
    await page.keyboard.press("Enter");
    await page.waitForSelector(".in >> text=Approved once");
    seen.approvals = seen.posts.slice(before);
    await page.click("nav.side a:has-text('Board')");
    await page.waitForSelector(".col[aria-label=Done] .tile[data-card=A]"); // it left Parked

    await page.goto(view("cards/B"));
    await page.waitForSelector(".pill:has-text('Done')");
    await page.keyboard.press("m");
    await page.focus("dialog .opt[data-status=ready_for_testing]");
    await page.keyboard.press("Enter");
    seen.refused = await page.textContent("dialog .stays");

    await page.evaluate(() => document.querySelector("dialog .acts button").click());
    process.kill(Number(pid), "SIGKILL");
    const cut = Date.now();
    await page.waitForSelector(".offline");
    seen.offline = { after: Date.now() - cut, text: await page.textContent(".offline") };
  },

  // What there is none of: each view names it, and leads to those that there are.
  async missing() {
    const page = await open();
    await page.goto(view("board"));
    await signIn(page);
    seen.missing = [];
    for (const path of ["cards/AA", "runs/ep.9", "plans/PLAN-9", "chat/CHAT-9", "inbox/approval/x"]) {
      await page.goto(view(path));
      await page.waitForSelector("main [role=alert] a");
      const text = await page.innerText("main [role=alert]");
      await page.click("main [role=alert] a");
      await page.waitForFunction((before) => location.href !== before, view(path));
      await page.waitForFunction(() => !document.querySelector("main [aria-busy=true], main [role=alert]"));
      seen.missing.push([path, text, page.url().replace(view(""), "")]);
    }
  },

  access: () =>
    access([
      ["light", 1280],
      ["dark", 360],
    ]),

  crosswise: () =>
    access([
      ["dark", 1280],
      ["light", 360],
    ]),
});
