-- api_files_spec.lua: the files of cards over the service, byte for byte, as archives too, and the programs
-- that agents ran; what a browser must not take for a page of the server.

local orket = dofile("tests/support/orket.lua")
local service = dofile("tests/support/service.lua")
local world = dofile("tests/support/world.lua")

local refused = world.orket.shell(world.binary .. " try jail -- true 2>&1"):find("ERR_JAIL", 1, true)
local jailed = refused and pending or it

local BINARY = "\0\1\2\255bytes\n"
local PAGE = "<script>alert(1)</script>\n"

-- A writes a page, changes the seed and runs programs; B deletes nothing and adds a file.
local MOCK = [[
function run(...) return call("run_command", { argv = { ... } }) end
function work(talk)
  if talk.card == "A" then
    return steps(talk, function() return say(write("page.html", "<script>alert(1)</script>\n"), write("seed.txt", "TWO\n")) end,
      function() return say(run("sh", "-c", "echo out; echo err >&2; exit 3")) end,
      function() return say(finish()) end)
  end
  return steps(talk, function() return say(write("b/grün.txt", "of B\n"), write("b/long.txt", ("a line\n"):rep(4000) .. "a Needle in hay\n")) end, function() return say(finish()) end)
end
]]

local w, s

setup(function()
  w = world.new({ issues = { { id = "A" }, { id = "B", depends_on = { "A" } } }, mock = MOCK,
    rules = { commands = { { argv = { "sh", "-c", "*" }, wall = 20 } } },
    files = { ["workspace/ep/tree/seed.txt"] = "one\n", ["workspace/ep/tree/data.bin"] = BINARY,
      ["workspace/ep/tree/empty"] = "" } })
  s = service.ran(w)
end)

teardown(function()
  s:stop()
  w:__close()
end)

local function get(template, path)
  return s:checked(template, path)
end

local function rows_of(card, query)
  return get("/v1/cards/{id}/files", "/v1/cards/" .. card .. "/files" .. (query or ""))
end

local function raw(path, headers)
  local more = headers and " -H '" .. headers .. "'" or ""
  local file = w.dir .. "/.test/raw"
  local head = orket.shell(("curl -s -D - -o %s -H 'Authorization: Bearer %s'%s '%s%s'"):format(file, s.key, more,
    s.url, path))
  return orket.read(file), head
end

describe("the files of a card", function()
  it("are listed with size, type and what the card did to each, in pages", function()
    local of = {}
    for _, row in ipairs(rows_of("A").items) do
      of[row.path] = row
    end
    assert.same({ "added", "changed", "same" }, { of["page.html"].status, of["seed.txt"].status, of["data.bin"].status })
    assert.same({ #BINARY, "application/octet-stream" }, { of["data.bin"].size, of["data.bin"].type })
    assert.same({ 0, "text/plain; charset=utf-8" }, { of.empty.size, of.empty.type })
    assert.is_nil(of["b/grün.txt"])
    local paths, after = {}, ""
    repeat
      local page = rows_of("ep", "?limit=2&after=" .. after:gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end))
      for _, row in ipairs(page.items) do
        paths[#paths + 1] = row.path
      end
      after = page.next
    until not after
    assert.same({ "b/grün.txt", "b/long.txt", "data.bin", "empty", "page.html", "seed.txt" }, paths)
  end)

  it("are read byte for byte, also as they were at an event", function()
    assert.equal(BINARY, (raw("/v1/cards/ep/file?path=data.bin")))
    assert.equal("TWO\n", (raw("/v1/cards/ep/file?path=seed.txt")))
    assert.equal("of B\n", (raw("/v1/cards/ep/file?path=b%2Fgr%C3%BCn.txt")))
    local begun = w:events("turn.started")[1].seq
    assert.equal("one\n", (raw(("/v1/cards/ep%%40%d/file?path=seed.txt"):format(begun))))
  end)

  it("are known again by their ETag", function()
    local _, head = raw("/v1/cards/ep/file?path=data.bin")
    local etag = head:match("[Ee][Tt]ag: (%S+)")
    local _, again = raw("/v1/cards/ep/file?path=data.bin", "If-None-Match: " .. etag)
    assert(again:find("^HTTP/1.1 304"), again)
    _, again = raw("/v1/cards/ep/file?path=data.bin", "If-None-Match: W/" .. etag) -- as a proxy makes it
    assert(again:find("^HTTP/1.1 304"), again)
    local _, other = raw("/v1/cards/ep/file?path=seed.txt", "If-None-Match: " .. etag)
    assert(other:find("^HTTP/1.1 200"), other)
  end)

  it("are saved by a browser, never shown as a page of the server", function()
    local bytes, head = raw("/v1/cards/ep/file?path=page.html")
    assert.equal(PAGE, bytes)
    for _, line in ipairs({ "content%-type: text/plain; charset=utf%-8\r", "x%-content%-type%-options: nosniff\r",
      "content%-security%-policy: default%-src 'none'; sandbox\r", "content%-disposition: attachment; filename%*=UTF%-8''page.html\r" }) do
      assert(head:lower():find(line:lower()), line .. "\n" .. head)
    end
    local _, umlaut = raw("/v1/cards/ep/file?path=b%2Fgr%C3%BCn.txt")
    assert(umlaut:find("filename*=UTF-8''gr%C3%BCn.txt\r", 1, true), umlaut)
  end)

  it("are only those of the journal: no path leads to another file, and unknown ones are 404", function()
    for _, path in ipairs({ "../../../config/organization.json", "/etc/passwd", "%2e%2e%2f.orket%2fkey", "nix", "b" }) do
      local reply = s:get("/v1/cards/ep/file?path=" .. path)
      assert.equal(404, reply.status, path)
    end
    assert.equal(404, s:get("/v1/cards/nix/file?path=seed.txt").status)
    assert.equal(404, s:get("/v1/cards/nix/files").status)
    assert.equal(422, s:get("/v1/cards/ep/file").status)
    assert.equal(422, s:get("/v1/cards/ep/files?limit=0").status)
    assert.equal(401, s:request("GET", "/v1/cards/ep/file?path=seed.txt", {}, nil, true).status)
  end)
end)

describe("the archive of a card", function()
  it("has every file, as orket checkout writes them", function()
    local bytes, head = raw("/v1/cards/ep/archive")
    assert(head:lower():find("content%-type: application/x%-tar\r"), head)
    orket.write(w.dir .. "/.test/ep.tar", bytes)
    local text, code = orket.shell(("cd %s/.test && mkdir -p tar && tar -xf ep.tar -C tar && %s checkout -C .. ep out >&2 && diff -r tar/ep out")
      :format(w.dir, w.binary))
    assert.equal(0, code, text)
    assert.equal("", text)
    assert.equal(BINARY, orket.read(w.dir .. "/.test/tar/ep/data.bin"))
  end)

  it("is of a card too, at an event too, and the same bytes again", function()
    local one = raw("/v1/cards/A/archive")
    assert.equal(one, (raw("/v1/cards/A/archive")))
    assert(one:find("A/page.html", 1, true) and not one:find("of B", 1, true))
    local begun = w:events("turn.started")[1].seq
    assert((raw(("/v1/cards/ep%%40%d/archive"):format(begun))):find("one\n", 1, true))
    local _, head = raw("/v1/cards/A/archive")
    local _, again = raw("/v1/cards/A/archive", "If-None-Match: " .. head:match("[Ee][Tt]ag: (%S+)"))
    assert(again:find("^HTTP/1.1 304"), again)
    assert.equal(404, s:get("/v1/cards/nix/archive").status)
  end)
end)

describe("a blob of the journal", function()
  it("is what an event names, and nothing else is", function()
    local event
    for _, one in ipairs(w:events("file.written")) do
      event = one.body.path == "page.html" and one or event
    end
    local bytes, head = raw("/v1/blobs/" .. event.body.blob)
    assert.equal(PAGE, bytes)
    assert(head:lower():find("content%-type: text/plain"), head)
    assert.equal(404, s:get("/v1/blobs/" .. ("0"):rep(64)).status)
    assert.equal(422, s:get("/v1/blobs/abc").status)
  end)
end)

describe("programs that agents ran", function()
  jailed("are listed with how they ended, and have what they printed", function()
    local items = get("/v1/commands").items
    assert.equal(1, #items)
    local event = w:events("command.ran")[1]
    assert.same({ event.seq, "A", "ep.1", 3 }, { items[1].event, items[1].card, items[1].run, items[1].exit })
    local one = get("/v1/commands/{event}", ("/v1/commands/%d"):format(event.seq))
    assert.same({ "out\n", "err\n" }, { one.stdout, one.stderr })
    assert.same({ "sh", "-c", "echo out; echo err >&2; exit 3" }, one.argv)
    assert.same({}, get("/v1/commands", "/v1/commands?card=B").items)
    assert.equal(1, #get("/v1/commands", "/v1/commands?run=ep.1").items)
    assert.same({}, get("/v1/commands", ("/v1/commands?before=%d"):format(event.seq)).items)
  end)

  jailed("are the original's sandboxes: with logs, and ended", function()
    local event = w:events("command.ran")[1].seq
    assert.same(get("/v1/commands"), get("/v1/sandboxes"))
    assert.equal("out\nerr\n", get("/v1/sandboxes/{event}/logs", ("/v1/sandboxes/%d/logs"):format(event)).logs)
    local stop = s:post(("/v1/sandboxes/%d/stop"):format(event))
    assert.same({ 409, "ERR_TRANSITION" }, { stop.status, stop.body.code })
    assert.truthy(stop.body.fix:find("/v1/runs/ep.1/halt", 1, true))
  end)

  it("are unknown where there is none", function()
    assert.equal(404, s:get("/v1/commands/1").status)
    assert.equal(404, s:get("/v1/commands/x").status)
    assert.equal(404, s:get("/v1/sandboxes/1/logs").status)
    assert.equal(404, s:post("/v1/sandboxes/1/stop").status)
    assert.equal(422, s:get("/v1/commands?limit=x").status)
  end)
end)

describe("a search", function()
  local function found(query)
    return get("/v1/search", "/v1/search?" .. query).items
  end

  it("finds letters in files by their text and by their path, with the line", function()
    local hit = found("q=ALERT%281%29&kind=file")[1]
    assert.same({ "file", "A", "page.html", 1 }, { hit.kind, hit.card, hit.path, hit.line })
    assert.equal("cards/A?tab=changes&path=page.html", hit.link)
    assert(hit.text:find("<script>alert(1)</script>", 1, true), hit.text)
    local named = found("q=gr%C3%BCn.txt&kind=file")[1]
    assert.same({ "b/grün.txt", "B" }, { named.path, named.card })
    assert.same({ "data.bin" }, { (found("q=data.bin&kind=file")[1] or {}).path })
  end)

  it("finds them far behind in what lies in pieces", function()
    local hit = found("q=NEEDLE+in&kind=file")[1]
    assert.same({ "b/long.txt", 4001 }, { hit.path, hit.line })
    local said = found("q=NEEDLE+in&kind=transcript")[1]
    assert.same({ "step.reply", "B" }, { said.said, said.card })
    assert(said.text:find("Needle in hay", 1, true), said.text)
  end)

  it("finds what models said and tools answered, with the place in the run", function()
    local hits = found("q=so+be+it&kind=transcript")
    assert(#hits >= 2, #hits)
    for _, hit in ipairs(hits) do
      local event = w:events()[math.tointeger(hit.event)]
      assert.same({ event.run, event.turn, event.n, event.kind }, { hit.run, hit.turn, hit.n, hit.said })
    end
    assert(hits[1].event > hits[2].event)
    assert.equal(("runs/ep.1?event=%d%%2F%d"):format(hits[1].turn, hits[1].n), hits[1].link)
  end)

  it("has pages, each behind the one before, over all kinds", function()
    local seen, after = {}, nil
    local whole = get("/v1/search", "/v1/search?q=bec&limit=200")
    assert.is_nil(whole.next)
    repeat
      local page = get("/v1/search", "/v1/search?q=bec&limit=2" .. (after and "&after=" .. after or ""))
      table.move(page.items, 1, #page.items, #seen + 1, seen)
      after = page.next
    until not after
    assert.same(whole.items, seen)
  end)

  it("takes letters as they are, and refuses what is no search", function()
    assert.same({}, found("q=%25%25"))
    assert.same({}, found("q=%27%3B+DROP+TABLE+card"))
    for _, query in ipairs({ "", "?q=a", "?q=ab&kind=secret", "?q=ab&after=x", "?q=ab&limit=0" }) do
      assert.equal(422, s:get("/v1/search" .. query).status, query)
    end
  end)
end)

describe("the changes of a card", function()
  it("are against what it started from, or against what it was after an event", function()
    local whole = get("/v1/cards/{id}/diff", "/v1/cards/A/diff")
    local paths = {}
    for i, file in ipairs(whole.files) do
      paths[i] = file.path .. " " .. file.status
    end
    assert.same({ "page.html added", "seed.txt changed" }, paths)
    local first
    for _, event in ipairs(w:events("file.written")) do
      first = first or event.body.path == "page.html" and event.seq
    end
    local later = get("/v1/cards/{id}/diff", ("/v1/cards/A/diff?since=%d"):format(first))
    assert.equal(1, #later.files)
    assert.same({ "seed.txt", "changed", 1, 1 },
      { later.files[1].path, later.files[1].status, later.files[1].added, later.files[1].removed })
    assert(later.files[1].diff:find("-one\n+TWO", 1, true), later.files[1].diff)
    local past = get("/v1/cards/{id}/diff", ("/v1/cards/A%%40%d/diff"):format(first))
    assert.same({ "page.html" }, { past.files[1].path, past.files[2] })
    assert.equal(first, past.at)
    assert.equal(404, s:get("/v1/cards/A/diff?since=999999").status)
  end)
end)
