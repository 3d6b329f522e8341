-- cassette.lua: what cassette_spec.lua runs inside the binary.

local M = {}

function M.reads_damaged_tapes(dir)
  local cassettes = require("orket.llm.cassette.cassette")
  for name in io.lines(dir .. "/names") do
    local text = io.open(dir .. "/" .. name, "rb"):read("a")
    local ok, player, err = pcall(cassettes.player, text, "the tape")
    local number = name:match("^%d+")
    if not ok then
      print(name, player)
    elseif not player and (err.code ~= "ERR_CASSETTE" or not err.message:find("^the tape:" .. number .. ": ")
      and not err.message:find("^the tape:" .. number + 1 .. ": it keeps") or not err.fix
        or not utf8.len(err.message)) then
      print(name, err.code, err.message, err.fix)
    end
  end
  print("all")
end

return M
