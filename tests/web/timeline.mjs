// timeline.mjs: a person at a run's timeline and at what was (tests/spec/timeline_page_spec.lua).

import { buttons, enter, enterAsViewer, key, open, play, seen, signIn, tabTo, url, view, violations } from "./browser.mjs";

async function get(path) {
  const reply = await fetch(url + path, { headers: { Authorization: `Bearer ${key}` } });
  return reply.json();
}

// A yes to what waits; the run goes on by itself.
async function approve() {
  const [{ id, hash }] = (await get("/v1/approvals")).items;
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const path = `/v1/approvals/${encodeURIComponent(id)}/approve`;
  await fetch(url + path, { method: "POST", headers, body: JSON.stringify({ hash }) });
}

async function eventsOf(turn) {
  return (await get(`/v1/runs/ep.1/timeline/events?turn=${turn}`)).items;
}

// The first event of a kind in the turns of the run.
async function find(kind, fits = () => true) {
  const { turns } = await get("/v1/runs/ep.1/timeline");
  for (const { turn } of turns) {
    const found = (await eventsOf(turn)).find((event) => event.kind === kind && fits(event));
    if (found) return found;
  }
  throw new Error("no " + kind);
}

const two = (n) => String(n).padStart(2, "0");
const clock = (at) => {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
};

const query = (page, name) => new URL(page.url()).searchParams.get(name);

// Opens each link of the chain that is shown, and answers their names; none may lead nowhere.
async function follow(page, path) {
  const names = await page.locator(".chain li a").allTextContents();
  for (let i = 0; i < names.length; i++) {
    await page.goto(view(path));
    await page.waitForSelector(".chain li a");
    const link = page.locator(".chain li a").nth(i);
    const wanted = new URL(url + (await link.getAttribute("href"))).searchParams.get("event");
    await link.click();
    await page.waitForFunction((event) => new URLSearchParams(location.search).get("event") === event, wanted);
    const place = /^\d+$/.test(wanted) ? `event ${wanted},` : `/${wanted.replace("/", ".")}`;
    await page.waitForSelector(`.det :text("${place}")`);
    await page.waitForSelector("[role=treeitem][aria-selected=true]");
  }
  return names;
}

const STEPS = 200;

// Frames of a scroll from end to end: milliseconds of processor time that the page's thread took for each, whatever else
// the machine was busy with, and how many nodes the list had at most.
async function scrolled(page) {
  const protocol = await page.context().newCDPSession(page);
  await protocol.send("Performance.enable", { timeDomain: "threadTicks" });
  const used = async () => {
    const { metrics } = await protocol.send("Performance.getMetrics");
    return metrics.find((one) => one.name === "ThreadTime").value * 1000;
  };
  const frames = [];
  let most = 0,
    before = await used();
  for (let i = 0; i <= STEPS; i++) {
    const nodes = await page.evaluate(
      (part) =>
        new Promise((done) => {
          const list = document.querySelector("[role=tree]");
          list.scrollTop = (list.scrollHeight - list.clientHeight) * part;
          requestAnimationFrame(() =>
            requestAnimationFrame(() => setTimeout(() => done(list.querySelectorAll("*").length))),
          );
        }),
      i / STEPS,
    );
    const now = await used();
    frames.push(now - before);
    before = now;
    most = Math.max(most, nodes);
  }
  frames.sort((a, b) => a - b);
  return { p95: frames[Math.floor(frames.length * 0.95)], middle: frames[STEPS / 2], worst: frames.at(-1), most };
}

await play({
  // A refusal, an effect with its chain, and one of which a link is missing.
  async chain() {
    const refusal = await find("call.refused"),
      written = await find("file.written", (event) => event.card === "A"),
      broken = await find("file.written", (event) => event.card === "C");
    const page = await enter("cards/A?tab=refusals");
    await page.click("text=In the run");
    await page.waitForSelector(".det dl");
    await page.waitForSelector("[role=treeitem][aria-selected=true]:has-text('write_file refused')");
    seen.fromCard = query(page, "event");
    await page.goto(view("runs/ep.1"));
    await page.click(`[role=treeitem]:has-text("write_file refused")`);
    await page.waitForSelector(".det dl");
    seen.url = query(page, "event");
    seen.refusal = [refusal.turn + "/" + refusal.n, await page.innerText(".det dl")];
    seen.refusedLinks = await follow(page, `runs/ep.1?event=${refusal.turn}/${refusal.n}`);
    await page.goto(view(`runs/ep.1?event=${written.turn}/${written.n}`));
    await page.waitForSelector(".chain li a");
    seen.written = await page.innerText(".det h2");
    seen.links = await follow(page, `runs/ep.1?event=${written.turn}/${written.n}`);
    await page.goto(view(`runs/ep.1?event=${broken.turn}/${broken.n}`));
    await page.waitForSelector(".chain li");
    seen.missing = await page.innerText(".chain");
    await page.goto(view("runs/ep.1?event=99/1"));
    seen.unknown = await page.innerText(".det [role=alert]");
  },

  // What was: board, card and run; then a fork of it.
  async past() {
    const written = await find("file.written", (event) => event.card === "A"),
      at = written.seq;
    seen.at = [at, clock(written.at)];
    const page = await enter(`board?at=${at}`);
    await page.waitForSelector(".tile");
    const looks = async (name) => {
      seen[name] = { banner: await page.innerText(".past"), buttons: await buttons(page) };
    };
    await looks("board");
    seen.columns = await page.locator(".col:has(.tile)").evaluateAll((all) =>
      all.map((one) => [one.getAttribute("aria-label"), one.querySelectorAll(".tile").length]),
    );
    await page.click(".tile:has-text('Card A')");
    await page.waitForSelector(".rail");
    seen.kept = query(page, "at");
    await looks("card");
    seen.status = await page.innerText(".rail dd >> nth=0");
    await page.click("[role=tab]:has-text('Changes')");
    seen.diff = await page.innerText(".diff");
    await page.keyboard.press("g");
    await page.keyboard.press("r");
    await page.waitForURL("**/runs?at=*");
    await page.click("a.run");
    await page.waitForSelector("[role=tree] [role=treeitem]");
    await looks("run");
    seen.tiles = await page.innerText(".tiles");
    seen.faded = await page.locator("[role=treeitem].later").count();
    await page.keyboard.press("f");
    await page.waitForSelector("dialog p:text-matches('^[0-9]+ open')");
    seen.asked = await page.innerText("dialog p >> nth=0");
    await tabTo(page, await page.innerText("dialog button.p"));
    await page.keyboard.press("Enter");
    await page.waitForURL("**/runs/ep-f1.1");
    await page.waitForSelector("h1:has-text('ep-f1.1')");
    await page.waitForSelector("text=Compare");
    await page.click("main a:has-text('Compare')");
    await page.waitForSelector(".two-runs");
    seen.compared = await page.innerText(".compare");
    await page.goto(view(`runs/ep.1?at=${at}`));
    await page.waitForSelector(".past");
    await page.keyboard.press(".");
    await page.waitForSelector(".past", { state: "detached" });
    await page.waitForSelector("main button:has-text('Resume run')");
    seen.now = await buttons(page);
    await page.goto(view(`board?at=99999`));
    await page.waitForSelector(".past:has-text('There is no event')");
    seen.never = await page.innerText("main");
  },

  async access() {
    const { seq, turn, n } = await find("call.refused");
    seen.violations = [];
    for (const [colorScheme, width] of [
      ["light", 1280],
      ["dark", 1280],
      ["light", 360],
      ["dark", 360],
    ]) {
      const page = await enter("runs", { colorScheme, viewport: { width, height: 740 } });
      for (const path of [
        `runs/ep.1?event=${turn}/${n}`,
        `runs/ep.1?event=${turn}/${n}&at=${seq}`,
        `board?at=${seq}`,
        `cards/A?at=${seq}`,
        "runs/ep.1/compare/ep.1",
      ]) {
        await page.goto(view(path));
        await page.waitForSelector(path.includes("compare") ? ".two-runs" : path.startsWith("runs") ? ".chain" : "h1");
        await page.waitForSelector("nav.side .dot.live", { state: "attached" });
        seen.violations.push(...(await violations(page)).map((one) => `${path} ${colorScheme} ${width}: ${one}`));
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (over > 0) seen.violations.push(`${path} is wider than ${width}`);
        const small = await page.evaluate(() =>
          [...document.querySelectorAll("main button, main a.btn, main select, main [role=treeitem]")]
            .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 24)
            .map((one) => one.outerHTML.slice(0, 80)),
        );
        if (small.length) seen.violations.push(`${path} ${width}: smaller than 24 pixels: ${small[0]}`);
      }
      await page.goto(view(`runs/ep.1?at=${seq}`));
      await page.click(".past >> text=Fork from here");
      await page.waitForSelector("dialog summary");
      await page.click("dialog summary");
      seen.violations.push(...(await violations(page)).map((one) => `fork ${colorScheme} ${width}: ${one}`));
    }
  },

  // By keys alone: to the tree, through it, to an event, to the past, a fork, back to now.
  async keys() {
    const page = await enter("runs/ep.1", { reducedMotion: "reduce", forcedColors: "active" });
    await page.waitForSelector("[role=treeitem]");
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement.getAttribute("role") === "tree")) break;
    }
    const active = () =>
      page.evaluate(() => {
        const id = document.activeElement.getAttribute("aria-activedescendant"),
          row = id && document.getElementById(id);
        return row && [row.innerText.split("\n")[0], getComputedStyle(row).outlineStyle, row.getAttribute("aria-expanded")];
      });
    await page.keyboard.press("Home");
    seen.first = await active();
    await page.keyboard.press("ArrowLeft");
    seen.folded = await active();
    await page.keyboard.press("ArrowRight");
    seen.unfolded = await active();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".det h2");
    seen.opened = await page.innerText(".det h2");
    const shown = async (press) => {
      const before = query(page, "event");
      await page.keyboard.press(press);
      await page.waitForFunction((old) => new URLSearchParams(location.search).get("event") !== old, before);
      return query(page, "event");
    };
    await page.keyboard.press("/");
    await page.keyboard.type("guard turn");
    await page.waitForFunction(() => new URLSearchParams(location.search).get("q") === "guard turn");
    seen.kept = await page.locator("[role=treeitem][aria-level='2']").allInnerTexts();
    await page.goto(view("runs/ep.1?q=nothing"));
    await page.waitForSelector("text=No card or turn matches nothing.");
    await page.goto(view("runs/ep.1?event=1/4"));
    await page.waitForSelector(".chain");
    const seqOf = async (place) => {
      const [turn, n] = place.split("/").map(Number);
      return (await get(`/v1/runs/ep.1/timeline/events?turn=${turn}&after=${n - 1}&limit=1`)).items[0].seq;
    };
    const around = async (press) => {
      const next = await shown(press);
      await page.waitForSelector(`.det :text("/${next.replace("/", ".")}")`);
      return seqOf(next);
    };
    seen.seq = await seqOf("1/4");
    seen.next = await around("]");
    seen.back = await around("[");
    seen.turn = await around("}");
    seen.before = await around("{");
    const link = await page.locator(".chain li a").first();
    const linked = new URL(url + (await link.getAttribute("href"))).searchParams.get("event");
    await tabTo(page, await link.innerText());
    await page.keyboard.press("Enter");
    await page.waitForFunction((to) => new URLSearchParams(location.search).get("event") === to, linked);
    await page.focus("[role=slider]");
    await page.keyboard.press("ArrowLeft");
    await page.waitForSelector(".past");
    seen.slid = Number(query(page, "at"));
    await page.keyboard.press("f");
    await page.waitForSelector("dialog[open]");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog[open]", { state: "detached" });
    await page.keyboard.press(".");
    await page.waitForSelector(".past", { state: "detached" });
    seen.moving = await page.evaluate(() =>
      document
        .getAnimations()
        .filter((one) => one.playState === "running")
        .map((one) => one.animationName + " " + one.effect.target.className),
    );
    // 200 % of a window of 1280: the page has 640 pixels, and its height half.
    await page.setViewportSize({ width: 640, height: 400 });
    seen.sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    seen.posts = seen.posts.length;
  },

  // A run that goes on while one looks.
  async live() {
    const page = await enter("runs/ep.1");
    await page.waitForSelector("[role=treeitem]");
    const events = () => page.innerText(".time .num");
    seen.before = await events();
    await approve();
    await page.waitForFunction((old) => document.querySelector(".time .num").innerText !== old, seen.before);
    await page.hover("[role=tree]");
    await page.mouse.wheel(0, -2000); // who scrolls stays where he is
    await page.waitForSelector(".news");
    seen.news = await page.innerText(".news");
    seen.top = await page.evaluate(() => document.querySelector("[role=tree]").scrollTop);
    await page.keyboard.press("l");
    await page.waitForSelector(".news", { state: "detached" });
    await page.waitForSelector("main .pill:has-text('Done')", { timeout: 30000 });
    await page.waitForFunction(() => document.querySelector(".tiles dd").innerText === "3 of 3");
    seen.after = await events();
    await page.click("main button:has-text('Replay')");
    seen.replayed = await page.innerText("main .box.teal");
    await page.click("main button:has-text('Run again')");
    seen.again = [await page.inputValue("dialog input[required]"), await page.isChecked("dialog [type=checkbox]")];
    await page.keyboard.press("Escape");
    seen.last = (await get("/v1/runs/ep.1/timeline")).last;
    await page.waitForSelector("[role=treeitem] :text('Turn ended')"); // followed: the newest row is in sight
  },

  // Events of a turn are read before the stream brings them: each is one row.
  async late() {
    const page = await open({ viewport: { width: 1280, height: 1600 } }); // all rows are in sight
    await page.addInitScript(() => {
      const goesOn = new Promise((done) => {
        window.goOn = done;
      });
      window.WebSocket = class extends WebSocket {
        set onmessage(call) {
          let heard = Promise.resolve();
          super.onmessage = (event) => {
            heard = heard.then(() => call(event));
            if (event.data.includes('"event":"call.allowed"')) heard = heard.then(() => goesOn);
          };
        }
      };
    });
    await page.goto(view("runs/ep.1?q=B"));
    await signIn(page);
    await page.waitForSelector("[role=treeitem]");
    await page.route("**/timeline/events?**", async (route) => {
      await get("/v1/runs/ep.1?wait=30");
      await route.continue();
    });
    await approve();
    await get("/v1/runs/ep.1?wait=30");
    await page.waitForSelector("[role=treeitem] :text('Turn ended')");
    await page.evaluate(() => window.goOn());
    await page.waitForSelector("[role=treeitem] :text('Moved to Done')");
    // What is known of an event takes the place of this word.
    await page.waitForFunction(
      () => ![...document.querySelectorAll("[role=treeitem]")].some((row) => row.innerText === "Event"),
    );
    seen.rows = await page.locator("[role=treeitem]").allInnerTexts();
  },

  // Who may only look sees a run and what was, and nothing that begins one.
  async viewer() {
    const page = await enterAsViewer("runs/ep.1");
    await page.waitForSelector("[role=treeitem]");
    await page.waitForSelector(".tiles");
    seen.now = await buttons(page);
    await page.goto(view("runs/ep.1?at=12"));
    await page.waitForSelector(".past");
    await page.waitForSelector("[role=treeitem]");
    seen.then = await buttons(page);
    await page.keyboard.press("f");
    seen.asked = await page.locator("dialog[open]").count();
    await page.goto(view("runs"));
    await page.waitForSelector("a.run");
    seen.list = await buttons(page);
  },

  async events() {
    const page = await enter("runs/ep.1");
    await page.waitForSelector("[role=treeitem]");
    seen.requests = 0;
    page.on("request", (request) => /timeline\/events/.test(request.url()) && (seen.requests += 1));
    await page.click("text=Unfold all");
    await page.waitForSelector("[role=treeitem][aria-level='3']");
    seen.height = await page.evaluate(() => document.querySelector("[role=tree]").scrollHeight);
    await page.focus("[role=tree]");
    await page.keyboard.press("Home");
    seen.frames = await scrolled(page);
    seen.focus = await page.evaluate(() => document.activeElement.getAttribute("role"));
    await page.keyboard.press("End");
    await page.waitForSelector(".wr.at");
    seen.end = await page.evaluate(() => {
      const rows = [...document.querySelectorAll("[role=treeitem]")];
      return { last: Number(rows.at(-1).dataset.row), active: Number(document.querySelector(".wr.at").dataset.row) };
    });
    await page.waitForSelector("[role=treeitem]:last-child :text('Turn ended')");
    seen.heap = await page.evaluate(() => performance.memory && performance.memory.usedJSHeapSize);
  },
});
