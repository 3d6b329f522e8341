-- page.lua: runs the blocks of commands of a page of docs/ in order, in one shell, and compares
-- what they print.
--
-- A block ```sh has to succeed, ```sh exit=3 ends with 3. A block ```text behind it holds lines
-- that it prints, in this order. Times, counts of tokens and hashes may differ; a line that ends
-- with … shows the beginning.

local orket = dofile("tests/support/orket.lua")

local M = {}

local OLLAMA = "http://127.0.0.1:11434/v1"
local MARK = "---- end of block %d ----"

---@return table[] blocks {commands, exit, shown}; shown is nil when the page shows no output
function M.blocks(page)
  local blocks, place = {}, 1
  while true do
    local _, last, info, commands = page:find("\n```sh([^\n]*)\n(.-)```", place)
    if not last then
      return blocks
    end
    local shown = page:match("^\n```text\n(.-)```", last + 1)
    blocks[#blocks + 1] = { commands = commands, exit = tonumber(info:match("exit=(%d+)")), shown = shown }
    place = last
  end
end

local function script_of(blocks, url)
  local parts = { "set -eu\n" }
  for i, block in ipairs(blocks) do
    local checked = "set +e\n%stest $? = %d || exit 99\nset -e\n"
    parts[#parts + 1] = block.exit and checked:format(block.commands, block.exit) or block.commands
    parts[#parts + 1] = "echo '" .. MARK:format(i) .. "'\n"
  end
  return (table.concat(parts):gsub(OLLAMA:gsub("%p", "%%%0"), url))
end

local function printed_by(text, i)
  local before = i > 1 and MARK:format(i - 1) .. "\n" or ""
  local _, from = text:find(before, 1, true)
  local to = text:find(MARK:format(i), 1, true)
  assert(to, "block " .. i .. " did not end:\n" .. text:sub((from or 0) + 1))
  return text:sub((from or 0) + 1, to - 1)
end

local function plain(line)
  local text = line:gsub("%d+%-%d%d%-%d%d[T ]%d%d:%d%d[:%dZ]*", "TIME"):gsub("%d+:%d%d:%d%d", "TIME")
  return (text:gsub("%d+ tokens", "N tokens"):gsub("%s+%d+ ms", " N ms"):gsub("%x%x%x%x%x%x%x%x+", "HASH"))
end

local function is_shown(shown, printed)
  local beginning = shown:match("^(.*)…$")
  return shown == printed or beginning ~= nil and printed:sub(1, #beginning) == beginning
end

local function check_shown(shown, printed, i)
  local lines = {}
  for line in printed:gmatch("([^\n]*)\n") do
    lines[#lines + 1] = plain(line)
  end
  local place = 0
  for line in shown:gmatch("([^\n]*)\n") do
    repeat
      place = place + 1
    until not lines[place] or is_shown(plain(line), lines[place])
    assert(lines[place], "block " .. i .. " does not print, in this order: " .. line .. "\n" .. printed)
  end
end

---Runs a page in a directory, with `orket` on the PATH and a model at url in the place of an Ollama.
---@param path string
---@param dir string
---@param url string
---@return integer shown  blocks whose output was compared
function M.run(path, dir, url)
  local blocks, shown, own = M.blocks(orket.read(path)), 0, orket.directory()
  orket.write(own .. "/script.sh", script_of(blocks, url))
  local here = orket.shell("pwd"):gsub("\n", "")
  local binary = orket.binary:find("^/") and orket.binary or here .. "/" .. orket.binary
  orket.shell(("ln -s %s %s/orket"):format(binary, own))
  local text, code = orket.shell(
    ("cd %s && env -u ORKET -u ORKET_MODEL -u ORKET_MODEL_URL PATH=%s:$PATH sh %s/script.sh 2>&1")
      :format(dir, own, own))
  orket.remove(own)
  for i, block in ipairs(blocks) do
    local printed = printed_by(text, i)
    if block.shown then
      shown = shown + 1
      check_shown(block.shown, printed, i)
    end
  end
  assert(code == 0, text)
  return shown
end

return M
