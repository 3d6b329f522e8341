-- operations.lua: what a tool's box has: fs, card and turn. Each call is yielded to the core, judged by the
-- gate, and performed there; it answers the result, or nil and a failure {code, message, fix, rule}.
-- docs/tools.md tells the rest.

local function ask(operation)
  local answer = perform(operation)
  local failure = some(answer.error)
  if failure then
    return nil, failure
  end
  return some(answer.result) or {}
end

fs = {}

---The content of a text file and {bytes, more}; options: offset and limit in bytes.
function fs.read(path, options)
  options = options or {}
  local result, failure = ask({
    op = "fs.read", path = path, offset = some(options.offset), limit = some(options.limit),
  })
  if not result then
    return nil, failure
  end
  return result.content, { bytes = result.bytes, more = some(result.more) or false }
end

---Shows an image or a PDF to the model, with the call's result: {path, type, bytes, shown}.
function fs.attach(path)
  return ask({ op = "fs.attach", path = path })
end

---Writes a whole file, making its directories: {path, bytes}.
function fs.write(path, content)
  return ask({ op = "fs.write", path = path, content = content })
end

---Whether such a write would be allowed: {asks = true when a person has to say yes to it}. Nothing is
---written.
function fs.may_write(path, content)
  return ask({ op = "may", operation = { op = "fs.write", path = path, content = content } })
end

---{entries = {{name, type, size}...}, more}
function fs.list(path, limit)
  return ask({ op = "fs.list", path = path, limit = some(limit) })
end

---Lines with a text in the files beneath path: {matches = {{path, line, text, before?, after?}...}, files,
---more?, next?, ignored?}; without a text {paths, ...}: the files. options: limit (also as a number), regex,
---any_case, glob, ignored, context, skip.
function fs.search(path, text, options)
  local operation = { op = "fs.search", path = path, text = some(text) }
  local given = some(options)
  for name, value in pairs(type(given) == "table" and given or { limit = given }) do
    operation[name] = some(value)
  end
  return ask(operation)
end

function fs.delete(path)
  return ask({ op = "fs.delete", path = path })
end

code = {}

---What the source files beneath path define, those first that are used most: {outline, files, symbols, shown,
---unread?, more?, ignored?}. options: tokens, glob, ignored.
function code.outline(path, options)
  options = options or {}
  return ask({ op = "code.outline", path = path, tokens = some(options.tokens), glob = some(options.glob),
    ignored = some(options.ignored) })
end

---Where a name is defined and used beneath path: {definitions = {{path, line, last, kind, signature,
---within?}...}, uses = {{path, line, text}...}, files, unread?, more?, ignored?}. options: glob, ignored.
function code.find(path, name, options)
  options = options or {}
  return ask({ op = "code.find", path = path, name = name, glob = some(options.glob),
    ignored = some(options.ignored) })
end

proc = {}

---Runs a program in the card's directory: {exit, signal, limit, stdout, stderr, changed, put_back}. options:
---stdin, and wall in seconds.
function proc.run(argv, options)
  options = options or {}
  return ask({ op = "proc.run", argv = argv, stdin = some(options.stdin), wall = some(options.wall) })
end

mcp = {}

---Calls a tool of an MCP server that the organization names: {text, structured, problem, other, cut}. fields:
---server, tool, pin, arguments. That the tool itself failed is a failure as well.
function mcp.call(fields)
  local result, failure = ask({
    op = "mcp.call", server = fields.server, tool = fields.tool, pin = fields.pin,
    arguments = fields.arguments,
  })
  if result and some(result.failed) then
    return nil, { code = "ERR_PROC", message = "the tool failed: " .. result.text }
  end
  return result, failure
end

card = {}

function card.comment(text)
  return ask({ op = "card.comment", text = text })
end

---Proposes the turn's transition; it is judged at once and committed when the turn ends.
function card.move(status, reason, why)
  return ask({ op = "card.move", status = status, reason = some(reason), why = some(why) })
end

---Makes a new issue in the same epic: {id}. fields: seat, summary, description?, depends_on?, priority?
function card.create(fields)
  local operation = { op = "card.create" }
  for name, value in pairs(fields) do
    operation[name] = some(value)
  end
  return ask(operation)
end

---The card as it is now, with dependencies and comments.
function card.context()
  return ask({ op = "card.context" })
end

local function with(op, fields)
  local operation = {}
  for name, value in pairs(fields) do
    operation[name] = some(value)
  end
  operation.op = op
  return ask(operation)
end

function card.nominate(fields)
  return with("card.nominate", fields)
end

---Gives the card back to people, with the reason.
function card.excuse(reason)
  return ask({ op = "card.excuse", reason = some(reason) })
end

function card.credits(amount)
  return ask({ op = "card.credits", amount = amount })
end

function card.refine(fields)
  return with("card.refine", fields)
end

plan = {}

---What is asked for, as requirements; the turn ends with it. fields: requirements, assumptions?
function plan.specify(fields)
  return with("plan.specify", fields)
end

---A rock with its epics and their issues, which a person takes or does not: {rock, epics, issues}. fields:
---id, name, description?, epics
function plan.make(fields)
  return with("plan.make", fields)
end

board = {}

---Looks at the board: what = "cards" (of a status), "card", "waiting", "reports" or "costs".
function board.read(fields)
  return with("board.read", fields)
end

---Makes an issue in an epic, when a person says yes: {id}.
function board.create(fields)
  return with("board.create", fields)
end

---Gives a card another status, seat or priority, when a person says yes: {card, status}.
function board.change(fields)
  return with("board.change", fields)
end

turn = {}

---A part of an earlier result of this turn that was cut: {part, from, next, bytes}.
function turn.result(handle, from)
  return ask({ op = "turn.result", handle = handle, from = some(from) })
end

---Ends the turn; without a status the card takes its usual next step.
function turn.finish(fields)
  return with("turn.finish", fields or {})
end
