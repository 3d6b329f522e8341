-- models.lua: which model of the organization works on a card. A card may name one in its params
-- ({"model": "big"}); else the configured default of the role serves.

---@param role string
---@param card table
---@param models {default: string?, names: string[]}
---@return string|nil name
local function choose(_, card, models)
  local params = some(card.params)
  local wanted = type(params) == "table" and some(params.model) or nil
  for _, name in ipairs(models.names) do
    if name == wanted then
      return name
    end
  end
  return some(models.default) or models.names[1]
end

local function self_test()
  local models = { default = "small", names = { "big", "small" } }
  assert(choose("coder", {}, models) == "small")
  assert(choose("coder", { params = { model = "big" } }, models) == "big")
  assert(choose("coder", { params = { model = "none" } }, models) == "small")
end

return { node = "models", choose = choose, self_test = self_test }
