-- export_cards.lua: `orket export-cards`: writes the cards of the board into the card files.

local config = require("orket.project.config")
local drift = require("orket.project.drift")
local card_export = require("orket.project.card_export")
local fs = require("orket.core.fs")
local options = require("orket.options")
local reader = require("orket.project.reader")
local cli_report = require("orket.view.cli_report")
local text = require("orket.view.format.text")

local M = {}

M.usage = [[
usage: orket export-cards [-C DIR]

Writes what people may write of a card (names, texts, priorities, dependencies) from the board into the
card files; a card that has no file gets one in config/cards/. Only files that differ are touched.
exit: 0 written, 1 failed, 2 usage
]]

local function write(dir)
  local project, found = config.read(dir)
  if #found.errors > 0 then
    return nil, found.errors
  end
  local store <close>, err = reader.open(dir)
  if not store then
    return nil, err
  end
  local root <close> = assert(fs.root(dir))
  local written
  written, err = card_export.write(root, store, project, drift.find(store, project), found.origins)
  return written, err
end

---@param argv string[]
---@return integer exit code
function M.run(argv)
  local args, message = options.parse(argv, { C = "value" }, {})
  if not args then
    return options.refuse(M.usage, message)
  end
  local written, err = write(args.C or ".")
  if not written then
    return cli_report.failure(err)
  end
  for _, file in ipairs(written) do
    print("wrote " .. text.clean(file))
  end
  print(#written .. (#written == 1 and " file" or " files"))
  return 0
end

return M
