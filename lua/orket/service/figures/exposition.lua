-- exposition.lua: figures as text for Prometheus (format 0.0.4). A family is written once, with its help and
-- its type; what a label says is quoted here and nowhere else.

local M = {}

M.TYPE = "text/plain; version=0.0.4; charset=utf-8"

local Page = {}
Page.__index = Page

---@return table page
function M.new()
  return setmetatable({ lines = {} }, Page)
end

local ESCAPES = { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" }

-- {"model", "m", "route", "board"} -> {model="m",route="board"}
local function labelled(labels)
  local parts = {}
  for i = 1, labels and #labels or 0, 2 do
    parts[#parts + 1] = ('%s="%s"'):format(labels[i], tostring(labels[i + 1]):gsub('[\\"\n]', ESCAPES))
  end
  return parts[1] and "{" .. table.concat(parts, ",") .. "}" or ""
end

local function number(value)
  return math.type(value) == "integer" and tostring(value) or ("%.15g"):format(value)
end

local function put(self, name, labels, value)
  self.lines[#self.lines + 1] = name .. labelled(labels) .. " " .. number(value)
end

local function head(self, name, kind, help)
  table.insert(self.lines, "# HELP " .. name .. " " .. help)
  table.insert(self.lines, "# TYPE " .. name .. " " .. kind)
end

---A family of counters or gauges; one without samples is not written.
---@param name string
---@param kind "counter"|"gauge"
---@param help string one sentence
---@param samples {labels: string[]|nil, value: number}[]
function Page:family(name, kind, help, samples)
  if samples[1] then
    head(self, name, kind, help)
  end
  for _, sample in ipairs(samples) do
    put(self, name, sample.labels, sample.value)
  end
end

---A family of one sample without labels.
---@param name string
---@param kind "counter"|"gauge"
---@param help string
---@param value number|nil nil: it is not known, and not written
function Page:single(name, kind, help, value)
  self:family(name, kind, help, value and { { value = value } } or {})
end

local function put_series(self, name, series)
  local labels, bounds = series.labels or {}, series.bounds
  local le = table.move(labels, 1, #labels, 1, {})
  for i, count in ipairs(series.upto) do
    local bound = bounds[i] or math.huge
    le[#labels + 1], le[#labels + 2] = "le", bound < math.huge and number(bound) or "+Inf"
    put(self, name .. "_bucket", le, count)
  end
  put(self, name .. "_sum", labels, series.sum)
  put(self, name .. "_count", labels, series.upto[#series.upto])
end

---A histogram.
---@param name string
---@param help string
---@param list {labels: string[]|nil, bounds: number[], upto: integer[], sum: number}[] upto: how many are not
---  above each bound, and a last one: all of them
function Page:histogram(name, help, list)
  if list[1] then
    head(self, name, "histogram", help)
  end
  for _, series in ipairs(list) do
    put_series(self, name, series)
  end
end

---@return string
function Page:text()
  return table.concat(self.lines, "\n") .. "\n"
end

return M
