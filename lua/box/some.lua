-- some.lua: what every box has besides its library.

local null = cjson.null

---The value, or nil when it is absent or JSON null.
function some(value)
  if value == null then
    return nil
  end
  return value
end
