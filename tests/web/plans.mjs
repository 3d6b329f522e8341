// plans.mjs: a person at plans and conversations (tests/spec/plans_page_spec.lua).

import { buttons, enter, enterAsViewer, key, pid, play, seen, url, view, violations } from "./browser.mjs";

async function get(path) {
  return (await fetch(url + path, { headers: { Authorization: `Bearer ${key}` } })).json();
}

async function until(done) {
  for (;;) {
    const value = await done();
    if (value) return value;
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

async function post(path, body) {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  return (await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

// A plan that waits, and a conversation that was answered.
async function begun() {
  await post("/v1/plans", { text: "make a thing" });
  await post("/v1/conversations", { text: "good day" });
  await until(async () => (await get("/v1/plans")).items[0].status === "waiting");
  await until(async () => (await get("/v1/conversations/CHAT-1")).said.length === 2);
}

const path = (page) => new URL(page.url()).pathname.split("/").slice(3).join("/");

// Reads a proposal to its end and accepts it, by keys.
async function accept(page) {
  await page.keyboard.press("a");
  const button = page.locator("[data-key=a]");
  if (!(await button.innerText()).startsWith("Accept")) await page.keyboard.press("Enter");
  await page.waitForSelector("[data-key=a]:has-text('Accept plan')");
  await page.keyboard.press("Enter");
}

await play({
  // From the empty board to its cards.
  async plan() {
    const page = await enter("board");
    await page.waitForSelector("text=No cards yet.");
    await page.click("main >> text=Plan something");
    await page.fill("dialog textarea", "make a thing\nthat greets");
    seen.asked = page.url().split("?")[1];
    await page.click("dialog >> text=Ask for a plan");
    await page.waitForURL("**/plans/PLAN-1");
    await page.waitForSelector(".at-work .draft pre:has-text('I read')");
    seen.draft = await page.innerText(".at-work .draft");
    await page.waitForSelector(".ptree");
    seen.tree = await page.innerText(".ask .in");
    seen.first = { url: path(page), title: await page.title() };
    seen.offered = await buttons(page);
    await page.keyboard.press("c");
    await page.keyboard.type("add a manual page");
    await page.click("text=Ask for a change");
    await page.waitForSelector(".ptree .pill");
    seen.marks = await page.locator(".part:has(.pill)").allInnerTexts();
    seen.rounds = await page.innerText(".ask .comments");
    const before = seen.posts.length;
    await accept(page);
    await page.waitForSelector("text=Its cards are on the board");
    seen.accepted = seen.posts.slice(before);
    seen.after = await buttons(page);
    await page.keyboard.press("g");
    await page.keyboard.press("b");
    await page.waitForSelector(".tile:has-text('Begin')");
    seen.names = await page.locator(".tile .t").allTextContents();
    seen.summary = await page.innerText(".bar .m");

    const { items } = await get("/v1/approvals?all=true");
    const events = (await get("/v1/events?after=0&limit=1000")).items;
    const at = events.find((one) => one.kind === "approval.asked").seq;
    await page.goto(view(`plans/PLAN-1?at=${at}`));
    await page.waitForSelector(".ptree");
    seen.past = {
      banner: await page.innerText(".past"),
      status: await page.innerText(".talk-head .pill"),
      buttons: await buttons(page),
      asked: items.length,
    };
  },

  // No plan comes; it is tried again, and given up.
  async failed() {
    const page = await enter("plans?new=plan");
    await page.fill("dialog textarea", "make a mess");
    await page.click("dialog >> text=Ask for a plan");
    await page.waitForURL("**/plans/PLAN-1");
    seen.error = await page.innerText(".ask [role=alert]");
    await page.click("text=Try again");
    await until(async () => (await get("/v1/events?after=0&kinds=turn.started")).items.length > 2);
    await page.waitForSelector(".talk-head .pill:has-text('No plan came')");
    await page.click("text=Reject plan");
    await page.waitForSelector(".talk-head .pill:has-text('Rejected')");
    seen.after = await buttons(page);
    await page.goto(view("plans/PLAN-9"));
    seen.unknown = await page.innerText(".ask, .mail [role=alert]");
    await page.goto(view("plans?new=plan"));
    await page.fill("dialog textarea", "make a thing");
    await page.click("dialog >> text=Options");
    await page.fill("dialog [name=team]", "none");
    await page.click("dialog >> text=Ask for a plan");
    seen.refused = await page.innerText("dialog [role=alert]");
  },

  // Said, answered live, stopped, gone on with by its URL; a proposal is reviewed in the inbox.
  async chat() {
    const page = await enter("board");
    await page.keyboard.press("g");
    await page.keyboard.press("p");
    await page.click("main >> text=New conversation");
    await page.fill("dialog textarea", "good day");
    await page.click("dialog >> text=Begin");
    await page.waitForURL("**/chat/CHAT-1");
    await page.waitForSelector(".thread .said:has-text('you said: good day')");
    await page.keyboard.press("c");
    await page.keyboard.type("slowly please");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".draft pre:has-text('word by')");
    seen.draft = await page.innerText(".draft");
    await page.dblclick(".act >> text=Stop"); // the second click does not go on again
    await page.waitForSelector(".act >> text=Go on");
    seen.stopped = await buttons(page);

    await page.goto(view("chat/CHAT-1"));
    await page.waitForSelector(".thread .said");
    seen.again = await page.locator(".thread .words > .wrap").allTextContents();
    await page.fill(".act textarea", "and now");
    await page.click(".act >> text=Send");
    await page.waitForSelector(".thread .said:has-text('you said: and now')");
    seen.left = await page.inputValue(".act textarea");
    seen.times = await page.locator(".thread .said:has-text('and now')").count();
    await page.fill(".act textarea", 'call propose_change {"card":"A","priority":3}');
    await page.keyboard.press("Enter");
    await page.waitForSelector(".box >> text=Review");
    seen.question = { box: await page.innerText(".ask .box"), fields: await page.locator(".act textarea").count() };
    await page.click(".box >> text=Review");
    await page.waitForURL("**/inbox/approval/*");
    await page.click(".ask >> text=Open the conversation");
    await page.waitForURL("**/chat/CHAT-1");
    await page.goto(view("plans"));
    await page.waitForSelector(".item");
    seen.list = await page.innerText(".list");
  },

  async offline() {
    const page = await enter("chat/CHAT-1");
    await page.waitForSelector(".thread .said");
    await page.fill(".act textarea", "kept");
    process.kill(Number(pid));
    await page.waitForSelector(".offline");
    seen.off = await page.isDisabled(".act .p");
    seen.why = await page.innerText(".act");
    seen.kept = await page.inputValue(".act textarea");
  },

  async viewer() {
    await begun();
    const page = await enterAsViewer("plans");
    await page.waitForSelector(".item");
    seen.list = await buttons(page);
    await page.goto(view("plans/PLAN-1"));
    await page.waitForSelector(".ptree");
    seen.plan = await buttons(page);
    seen.says = await page.innerText(".act");
    await page.goto(view("chat/CHAT-1"));
    await page.waitForSelector(".thread .said");
    seen.chat = await buttons(page);
    seen.fields = await page.locator("main textarea").count();
    await page.goto(view("plans?new=plan"));
    await page.waitForSelector(".item");
    seen.dialogs = await page.locator("dialog[open]").count();
    seen.answers = await page.evaluate(async () => {
      const headers = {
        Authorization: "Bearer " + sessionStorage.getItem("orket.key"),
        "Content-Type": "application/json",
      };
      const tried = ["/v1/plans", "/v1/conversations", "/v1/conversations/CHAT-1"].map((to) =>
        fetch(to, { method: "POST", headers, body: '{"text":"x"}' }),
      );
      return (await Promise.all(tried)).map((one) => one.status);
    });
  },

  async access() {
    await begun();
    seen.violations = [];
    for (const colorScheme of ["light", "dark"])
      for (const width of [1280, 360]) {
        const page = await enter("plans", { colorScheme, viewport: { width, height: 740 } });
        for (const to of ["plans", "plans/PLAN-1", "chat/CHAT-1", "plans?new=plan", "plans?new=chat"]) {
          await page.goto(view(to));
          await page.waitForSelector(to.includes("new") ? "dialog" : to === "plans" ? ".item" : ".talk-head");
          await page.waitForSelector("nav.side .dot.live", { state: "attached" });
          const look = `${to} ${colorScheme} ${width}`;
          seen.violations.push(...(await violations(page)).map((one) => `${look}: ${one}`));
          const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          if (over > 0) seen.violations.push(`${look} is too wide`);
          const low = await page.evaluate(
            (least) =>
              [...document.querySelectorAll(".act button")]
                .map((one) => one.getBoundingClientRect().height)
                .filter((height) => height < least).length,
            width === 360 ? 44 : 24,
          );
          if (low > 0) seen.violations.push(`${look}: ${low} decisions are too small`);
        }
      }
  },
});
