-- first_hour_spec.lua: the first hour of a person at a terminal, in windows of 60, 80 and 120 columns: no
-- line is wider than the window, no text steers the terminal, and a screen that leaves something to do names
-- the command that does it.

local world = dofile("tests/support/world.lua")
local terminal = dofile("tests/support/terminal.lua")

package.path = "lua/?.lua;" .. package.path
local text = require("orket.view.format.text")

local RULE = { { id = "migrations", effect = "ask", tools = { "write_file" }, paths = { "db/**" },
  why = "a person reads every migration of the database first" },
  { id = "generated", effect = "deny", tools = { "write_file" }, paths = { "gen/**" },
    why = "generated files are never edited", fix = "change their source" } }

-- One card is refused and fails on its way, one asks for a yes, one asks a question; what they write and say
-- is hostile and long.
local TEAM = world.orket.read("tests/support/teams/first_hour.lua")

local function project()
  return world.new({ mock = TEAM, gate = RULE, limits = { concurrency = 1 }, issues = {
    { id = "checkout-5", name = "Checkout form with field errors",
      description = "A form that names each wrong field beside it. "
      .. ("It keeps what was typed. "):rep(6) },
    { id = "checkout-4", name = "Orders table and its migration" },
    { id = "checkout-7", name = "Retry a failed payment once" },
    { id = "checkout-8", name = "Receipt mail", depends_on = { "checkout-7" } },
  } })
end

-- Each row of the window that was written, without colours and moves of the cursor, which are ours.
local function check(shown, columns, command)
  local plain = shown:gsub("\27%[%??[%d;]*[ABJKhlm]", "")
  for row in plain:gmatch("[^\r\n]+") do
    assert(not row:find("[%c\127]") and not row:find("\194[\128-\159]")
      and not row:find("\226\128[\170-\174]"), command .. ": controls in " .. row)
    assert(text.width(row) <= columns, command .. ": " .. columns .. " columns are too few for " .. row)
  end
  return plain
end

local WALK = { -- command, exit, what it says to do next (patterns)
  { "validate", 0, "orket run" },
  { "run ep", 3, "orket approve ep%.1/%d+/%d+", "orket answer checkout%-7", "go on with: orket run ep",
    "orket diff ep", "orket transcript ep%.1/" },
  { "board", 0, "orket approve ep%.1/%d+/%d+", "orket answer checkout%-7" },
  { "approvals", 0, "orket approve ep%.1/%d+/%d+", "orket deny ep%.1/%d+/%d+ %-%-why TEXT",
    "expires %d+%-%d+%-%d+ %d+:%d+ %(in 7 d%)" },
  { "show checkout-4", 0, "orket approve ep%.1/%d+/%d+" },
  { "show checkout-5", 0, "failed: read_file", "refused: write_file", "orket reports %-%-card checkout%-5",
    "orket transcript ep%.1/" },
  { "reports", 0, "change their source" },
  { "transcript checkout-5", 0 },
  { "log", 0, "needs approval" },
  { "history", 0, "ep%.1" },
  { "diff ep", 0, "web/form%.js" },
  { "checkout ep out", 0, "files of ep are in out" },
  { "move checkout-5 ready", 1, "fix: " },
  { "run", 2, "orket run ep" },
}

describe("first hour", function()
  for _, columns in ipairs({ 60, 80, 120 }) do
    it("the first hour fits a window of " .. columns .. " columns, and leads on from screen to screen",
      function()
      local w <close> = project()
      local window = { columns = columns, rows = 24 }
      local shown, code = terminal.play(world.binary .. " init " .. w.dir .. "/new", {}, window)
      assert.equal(0, code)
      assert(check(shown, columns, "init"):find("orket run"), shown)
      for _, row in ipairs(WALK) do
        shown, code = w:typed(row[1], {}, window)
        assert.equal(row[2], code, row[1] .. "\n" .. shown)
        local joined = check(shown, columns, row[1]):gsub("%s+", " ")
        for i = 3, #row do
          assert(joined:find(row[i]), row[1] .. " does not say " .. row[i] .. "\n" .. shown)
        end
      end
      shown, code = w:typed("inbox", { { "see", "later or quit >" }, { "type", "approve\n" },
        { "see", "later or quit >" }, { "type", "quit\n" } }, window)
      assert.equal(3, code)
      check(shown, columns, "inbox")
      w:replays()
    end)
  end
end)
