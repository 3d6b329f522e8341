-- checks.lua: what has to be so when a repository was taken to green: each thing that is not is a line.

local cjson = require("cjson")

local M = {}

local function same(wrong, what, wanted, got)
  if wanted ~= got then
    wrong[#wrong + 1] = ("%s: %s, not %s"):format(what, got, wanted)
  end
end

local function holds(wrong, what, ok, text)
  if not ok then
    wrong[#wrong + 1] = what .. ": " .. tostring(text)
  end
end

-- Before one test fails; afterwards, on a clone of what was pushed, none.
local function of_tests(wrong, result)
  local before, after = result.before, result.after
  holds(wrong, "the repository's own tests before", before.failed == 1 and not before.ok, before.text)
  holds(wrong, "the repository's own tests after", after.failed == 0 and after.ok, after.text)
  same(wrong, "tests that pass", before.passed + 1, after.passed)
end

-- The wrong change failed and was charged once; the right one passed.
local function of_verdicts(wrong, user)
  local verdicts, case = user:events("verify.done"), user.case
  same(wrong, "verdicts", 2, #verdicts)
  for i, failed in ipairs({ case.wrong_failed, 0 }) do
    local counts = verdicts[i] and verdicts[i].body.counts or {}
    same(wrong, "failed tests of verdict " .. i, failed, counts.failed)
    same(wrong, "passed tests of verdict " .. i, case.total - failed, counts.passed)
  end
end

local function of_card(wrong, user, result)
  local card = cjson.decode(user:does("show --json fix-1"))
  holds(wrong, "the run", result.code == 0, result.run)
  same(wrong, "the card", "done", card.status)
  same(wrong, "retries that were charged", 1, card.retry_count)
  same(wrong, "failed turns", 0, #user:events("turn.failed"))
  same(wrong, "a person's yes", user.case.play.installs and 1 or 0, user.asked)
end

-- What it did on the network, and that programs ran to their end.
local function of_programs(wrong, user)
  local refused = 0
  for _, event in ipairs(user:events("egress.request")) do
    refused = refused + (event.body.rule and 1 or 0)
  end
  same(wrong, "requests that were refused", 0, refused)
  for _, event in ipairs(user:events("command.ran")) do
    same(wrong, table.concat(event.body.argv, " "), 0, event.body.exit)
  end
end

local function of_journal(wrong, user)
  local text, code = user:orket("replay --strict fix.1")
  holds(wrong, "orket replay --strict", code == 0 and text:find(", as recorded", 1, true), text)
  text, code = user:orket("check .")
  holds(wrong, "orket check", code == 0, text)
end

-- One commit by the seat on the user's own, with its trailers, of the one file that the card changed.
local function of_commit(wrong, user, bare)
  local function git(words)
    return user:git(words, bare)
  end
  same(wrong, "commits", "1", git("rev-list --count orket/fix ^" .. user:git("rev-parse HEAD")))
  same(wrong, "the author", "coder", git("log -1 --format=%an orket/fix"))
  same(wrong, "the subject", user.case.issue.name, git("log -1 --format=%s orket/fix"))
  same(wrong, "the trailer", "fix-1", git("log -1 --format='%(trailers:key=Orket-Card,valueonly,separator=)' orket/fix"))
  same(wrong, "changed files", user.case.play.right.arguments.path, git("diff --name-only orket/fix~1 orket/fix"))
end

-- The user's files are as they were: only what belongs to Orket is new.
local function of_worktree(wrong, user)
  same(wrong, "the user's branch", "main", user:git("branch --show-current"))
  for changed in user:git("status --porcelain"):gmatch("[^\n]+") do
    local path = changed:sub(4)
    local is_ours = path == ".gitignore" or path:find("^config/") or path:find("^verification/")
    holds(wrong, "the user's worktree", is_ours, changed)
  end
end

---Fills in result.wrong (lines), steps (requests to the model) and yes (a person's).
---@param user table of user.lua
---@param result table
---@param bare string the repository that was pushed to
function M.all(user, result, bare)
  local wrong = {}
  result.wrong, result.yes, result.steps = wrong, user.asked, #user:events("llm.replied")
  of_tests(wrong, result)
  of_verdicts(wrong, user)
  of_card(wrong, user, result)
  of_programs(wrong, user)
  of_journal(wrong, user)
  of_commit(wrong, user, bare)
  of_worktree(wrong, user)
end

return M
