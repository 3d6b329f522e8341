-- eval_format.lua: a comparison as people read it.

local cjson = require("cjson")
local budget_format = require("orket.governance.budget.budget_format")
local table_view = require("orket.view.format.table_view")
local text = require("orket.view.format.text")

local M = {}

local MEASURES = { "steps", "requests", "tokens", "money", "seconds" }
local ROWS = 40 -- cases that are shown one by one; of more only those in which the arms differ

local function counted(number, what)
  return number .. " " .. what .. (number == 1 and "" or "s")
end

local function percent(share)
  return string.format("%.0f %%", 100 * share)
end

-- ---- while it runs ----

local function outcome(result)
  if result.success then
    return "done"
  end
  local status = result.reason and result.status .. "/" .. result.reason or result.status
  return result.why and status .. ": " .. text.cut(text.clean(result.why), 60) or status
end

---A line for a run that has ended.
---@param eval table
---@param cell EvalCell
---@param repeats integer
---@return string
function M.progress(eval, cell, repeats)
  return string.format("%d of %d  %s, %s%s: %s", eval.known + eval.ran, #eval.cells, cell.case, cell.arm.name,
    repeats > 1 and " #" .. cell.number or "", outcome(cell.result))
end

-- ---- the arms ----

local function columns(currency)
  return {
    table_view.text("arm", "name"),
    { "done", function(row) return row.done .. "/" .. row.runs end, right = true },
    { "rate", function(row) return row.rate and percent(row.rate) end, right = true },
    { "95 %", function(row) return row.rate and percent(row.low) .. " to " .. percent(row.high) end },
    table_view.number("steps"), table_view.number("requests"),
    table_view.number("in", "tokens_in"), table_view.number("out", "tokens_out"),
    { "money", function(row)
      return row.money > 0 and budget_format.amount("money", row.money, currency) or ""
    end, right = true },
    { "seconds", function(row) return string.format("%.1f", row.seconds) end, right = true },
  }
end

-- ---- one against another ----

local function number(kind, value, currency)
  if kind == "money" then
    local whole = math.floor(math.abs(value) + 0.5)
    return (value < 0 and "-" or "+") .. budget_format.amount("money", whole, currency)
  end
  return string.format("%+.4g", value)
end

local function between(part, as)
  return part.low and string.format("(%s to %s)", as(part.low), as(part.high)) or "(one case)"
end

local function success_line(row)
  local part = row.success
  local function as(value)
    return string.format("%+.0f %%", 100 * value)
  end
  local verdict = part.verdict
  if verdict ~= "better" and verdict ~= "worse" then
    verdict = verdict .. string.format(" (sign test p = %.2g)", part.p)
  else
    verdict = row.arm .. " does " .. verdict
  end
  return { "success", as(part.difference), between(part, as), verdict }
end

local function measure_line(kind, row, currency)
  local part = row[kind]
  local function as(value)
    return number(kind, value, currency)
  end
  local verdict = part.verdict
  if verdict == "more" or verdict == "less" then
    verdict = row.arm .. " takes " .. verdict
  end
  return { kind, as(part.difference), between(part, as), verdict }
end

local function told(kind, row)
  return row[kind] and not (kind == "money" and row.money.difference == 0 and (row.money.high or 0) == 0)
end

local function print_comparison(row, confidence, currency)
  print(string.format("\n%s against %s, %s%s", text.clean(row.arm), text.clean(row.against),
    counted(row.pairs, "case"),
    row.same and ": the same scripts, what differs is chance" or ""))
  local lines = { row.success and success_line(row) or nil }
  for _, kind in ipairs(MEASURES) do
    lines[#lines + 1] = told(kind, row) and measure_line(kind, row, currency) or nil
  end
  local function column(i, name, right)
    return { name, function(line) return line[i] end, right = right }
  end
  if #lines > 0 then
    table_view.print({ column(1, "per case"), column(2, "difference", true),
      column(3, string.format("%.3g %%", 100 * confidence)), column(4, "") }, lines)
  end
end

-- ---- case by case ----

local function mark(cells)
  local done, ended, why = 0, 0, nil
  for _, cell in ipairs(cells or {}) do
    ended = ended + (cell.result and 1 or 0)
    done = done + (cell.result and cell.result.success and 1 or 0)
    why = why or cell.result and not cell.result.success and outcome(cell.result)
  end
  if ended == 0 then
    return "-"
  end
  return #cells > 1 and done .. "/" .. ended or why or "done"
end

local function rows_of(eval)
  local rows, by = {}, {}
  for _, case in ipairs(eval.suite.cases) do
    by[case] = {}
  end
  for _, cell in ipairs(eval.cells) do
    local cells = by[cell.case][cell.arm.name] or {}
    by[cell.case][cell.arm.name] = cells
    cells[#cells + 1] = cell
  end
  for _, case in ipairs(eval.suite.cases) do
    local row, differs, first = { case = case }, false, nil
    for _, arm in ipairs(eval.arms) do
      row[arm.name] = mark(by[case][arm.name])
      first = first or row[arm.name]
      differs = differs or row[arm.name] ~= first
    end
    rows[#rows + 1] = (differs or #eval.suite.cases <= ROWS) and row or nil
  end
  return rows
end

local function print_cases(eval)
  local list = { table_view.text("case") }
  for _, arm in ipairs(eval.arms) do
    list[#list + 1] = { text.clean(arm.name), function(row) return row[arm.name] end }
  end
  local rows = rows_of(eval)
  if #rows < #eval.suite.cases then
    print("\ncases in which the arms differ")
  end
  table_view.print(list, rows)
end

-- ---- all of it ----

---Every run that has ended.
---@param eval table
---@return table[]
function M.results(eval)
  local rows = setmetatable({}, cjson.array_mt)
  for _, cell in ipairs(eval.cells) do
    if cell.result then
      local row = { case = cell.case, arm = cell.arm.name, run = cell.number, dir = cell.place }
      for key, value in pairs(cell.result) do
        row[key] = value
      end
      rows[#rows + 1] = row
    end
  end
  table.sort(rows, function(a, b)
    return a.dir < b.dir
  end)
  return rows
end

---@param eval table
---@param summary table of eval/eval_summary.lua
function M.print(eval, summary)
  local budgets = eval.suite.project.organization.process_rules.budgets
  local currency = budgets and budgets.currency
  local known = summary.known > 0 and " (" .. summary.known .. " were there already)" or ""
  print(string.format("%s: %s, %d arms, %d of %d runs%s, in %s\n", text.clean(summary.suite),
    counted(summary.cases, "case"), #summary.arms, summary.known + summary.ran, summary.runs, known,
    text.clean(summary.out)))
  print_cases(eval)
  print("")
  table_view.print(columns(currency), summary.arms)
  for _, row in ipairs(summary.comparisons) do
    print_comparison(row, summary.confidence, currency)
  end
end

return M
