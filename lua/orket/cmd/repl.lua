-- repl.lua: `orket repl`: lines of Lua in a box, with the board to look at and a person's acts.
--
-- Each line, with those that complete it, is a script of its own: it runs in a fresh box under the limits of
-- a box, and what it set is carried to the next one as plain data. Reads see the database, dry runs change
-- nothing, and acts go through the owner of the project, recorded as the person's.

local async = require("orket.async")
local box = require("orket.core.box")
local cjson = require("cjson")
local edit = require("orket.core.edit")
local embed = require("orket.core.embed")
local errors = require("orket.errors")
local api = require("orket.dev.repl.api")
local attached = require("orket.dev.repl.attached")
local config = require("orket.project.config")
local repl_help = require("orket.dev.repl.repl_help")
local gate_options = require("orket.governance.gate_options")
local options = require("orket.options")
local moment = require("orket.dev.repl.moment")
local reader = require("orket.project.reader")
local cli_report = require("orket.view.cli_report")
local scripts = require("orket.scripts.scripts")
local sys = require("orket.core.sys")
local fs = require("orket.core.fs")
local text = require("orket.view.format.text")
local values = require("orket.dev.repl.values")

local M = {}

M.usage = [=[
usage: orket repl [-C DIR] [--attach | --run RUN [--at EVENT]]

Lua lines over a project. cards() card(ID) events{card=ID} runs() roles() tools() view(ID)
dry runs: prompt(ID, ROLE) judge{card=,role=,tool=,arguments=} route(ID)    reload()
acts of a person, recorded: comment(ID, TEXT) answer(ID, TEXT) move(ID, STATUS) retry(ID)
The value of a line is shown; _ is the last one. A line that is not complete goes on with the next
(prompt >>; ^C gives it up). print(...) prints. ^D, exit or quit ends; help prints this; help(WORD) tells what
a word of it, a function of a script's box or a command does. The tab key completes words, ids of cards and
fields.
Of files: files(ID) file(ID, PATH), of a card or an epic.

  --attach     to the run that is under way in another terminal
A turn stops at breakpoint{tool="write_file"}, {rule="gate.*"}, {role="coder"} or {transition="done"},
narrowed by card= and role=. stopped() wait(SECONDS) tell where; inspect(ID) has its view, prompt, call and
decision; step(ID) goes to the next place, continue(ID) on, skip(ID, WHY) refuses the call, retry(ID) judges
it again, dry(ID) shows what the scripts on the disk would change. breakpoints() clear(N). At the end
everything goes on.

  --run RUN    the project as it was at a moment of RUN: its last event, or
  --at EVENT   the event's number, or TURN.N, the N-th event of a turn
All reads and dry runs are then of that moment, with the scripts that were recorded; nothing can be written.
at() says where it is. next() back() go by one event of the run, next(10) by ten, next("turn") back("turn") to
where a turn began or ended, at(EVENT) anywhere. diff(A, B) shows what changed between two moments, diff(A)
since A.
]=]

local Repl = {}
Repl.__index = Repl

local LIMITS = { ms = 2000, steps = 100000000 }
local FACE = embed.read("lua/orket/dev/repl/face.lua")

---What the gate is built from of the organization.
function Repl:rules()
  return gate_options.of(self.config.organization.process_rules)
end

---Builds the generation of the files as they are now; answers what was refused.
function Repl:reload()
  local texts, problems = scripts.texts(self.root)
  local generation, refused = scripts.build(texts, self:rules(), self.generation)
  self.generation = generation
  return table.move(refused, 1, #refused, #problems + 1, problems)
end

local function script_of(line)
  return "return { run = function(kept) return run(function(_ENV) " .. line .. "\nend, kept) end }"
end

-- An expression shows its value; anything else is a statement.
local function prepare(line)
  local script = box.prepare("line", script_of("return " .. line), { prelude = FACE })
  if script then
    return script
  end
  return errors.check(box.prepare("line", script_of(line), { prelude = FACE }))
end

-- What is wrong with a text as an expression and as a statement, nil when it is one of them; true when it
-- only ends too early. It is read, never run.
local function fault(chunk)
  local early, err
  for _, form in ipairs({ "do return end return ", "do return end " }) do
    _, err = errors.check(box.prepare("line", form .. chunk .. "\n"))
    if not err or err.code ~= "ERR_SCRIPT_SYNTAX" then
      return nil
    end
    early = early or err.message:find("near <eof>$") and err
  end
  return early or err, early ~= nil
end

local function converse(self, session)
  local kind, value = errors.check(session:resume(cjson.null))
  while kind == "yield" do
    kind, value = errors.check(session:resume(api.perform(self, value)))
  end
  return kind and value, value
end

---Runs one chunk.
---@param chunk string
---@return table|nil result {value}
---@return Error|nil
function Repl:eval(chunk)
  local script, err = prepare(chunk)
  if not script then
    return nil, err
  end
  local session <close>, failure = errors.check(script:open("run", { self.kept }, LIMITS))
  if not session then
    return nil, failure
  end
  local result
  result, err = converse(self, session)
  if not result then
    return nil, err
  end
  self.kept = result.keep
  self.kept._ = result.value
  return result
end

-- What a word of the REPL answered is told as it is: that a script passed it on is nobody's concern.
local function line_of(err)
  return (errors.line(err):gsub("^ERR_SCRIPT: (ERR_[%u_]+: )", "%1"))
end

local function show(result, err)
  if err then
    io.stdout:write(text.block(line_of(err)), "\n")
  else
    values.print(result.value)
  end
end

local function answer(self, result, err)
  self.failed = self.failed or err ~= nil
  show(result, err)
end

-- The word of `help`, `help WORD`, `help(WORD)` or `help("WORD")`, "" when there is none; nil for any other
-- line, and when a line gave the name a value.
local function asked_about(self, chunk)
  local rest = self.kept.help == nil and (chunk .. " "):match("^%s*help([^%w_].*)$")
  if not rest then
    return nil
  end
  return rest:match("^%s*%(?%s*[\"']?([%w_.-]+)[\"']?%s*%)?%s*$") or rest:find("^[%s()]*$") and "" or nil
end

---One more line: runs the text that it completes, and shows what that answers.
---@param line string
function Repl:enter(line)
  local chunk = self.pending and self.pending .. "\n" .. line or line
  local err, early = fault(chunk)
  self.pending, self.why = early and chunk or nil, err
  local about = asked_about(self, chunk)
  if about == "" then
    print((M.usage:gsub("^.-\n\n", ""):gsub("\n$", "")))
  elseif about then
    print(text.block(repl_help.of(about, self.cli)))
  elseif err and not early then
    answer(self, nil, err)
  elseif not err and chunk:find("%S") then
    answer(self, self:eval(chunk))
  end
end

-- exit and quit end it, as words or as calls, unless a line gave the name a value.
local function ends(self, line)
  local word = not self.pending and line:match("^%s*(%l+)%s*[()]*%s*$")
  return (word == "exit" or word == "quit") and self.kept[word] == nil
end

---No more lines: what was never completed is said.
---@return boolean ok nothing failed
function Repl:finish()
  if self.pending then
    answer(self, nil, self.why)
  end
  return not self.failed
end

-- A line that waits is given up at ^C; the REPL, and what it is attached to, stay.
local function enter_patiently(self, line)
  self.task = async.spawn(self.enter, self, line)
  async.join(self.task)
  self.task = nil
end

-- From before the first line: the terminal sends ^C as soon as a line was entered, before its task begins.
local function on_interrupts(self)
  return async.on_signals({ "sigint" }, function()
    if self.task then
      async.cancel(self.task, errors.new("ERR_CANCELED", "given up"))
    end
  end)
end

local function read_loop(self)
  local editor, err = errors.check(edit.open(self.dir .. "/.orket/repl_history"))
  if not editor then
    return nil, err
  end
  local closing <close> = editor
  while true do
    local place = self.moment and self.moment.run .. "@" .. self.moment.at or "orket"
    self.prompt = self.pending and "    >> " or place .. "> "
    local line, failure = errors.check(async.await(closing.line, closing, self.prompt,
      repl_help.completions(self.store:read("board", {}), self.kept)))
    self.prompt = nil
    if line and ends(self, line) then
      return self:finish()
    elseif line then
      enter_patiently(self, line)
    else
      print("")
      if failure.code ~= "ERR_CANCELED" then
        return self:finish()
      end
      self.pending = nil
    end
  end
end

-- Without a terminal the lines come from standard input: for scripts and tests.
local function pipe_loop(self)
  for line in io.lines() do
    if ends(self, line) then
      break
    end
    self:enter(line)
  end
  return self:finish()
end

-- What happened meanwhile, with the prompt below it when a line is being read.
local function tell(self, line)
  io.stdout:write(self.prompt and "\n" or "", line, "\n", self.prompt or "")
  io.stdout:flush()
end

-- A terminal shows at once where a turn stopped.
local function attach(self)
  local err
  self.attached, err = attached.open(self.dir)
  if self.attached and sys.is_tty(0) then
    self.attached:listen(function(stop)
      tell(self, stop and string.format("* %s stopped at %s %s (%s): inspect, step, continue, skip",
        text.clean(stop.card), stop.at,
        text.clean(stop.what), text.clean(stop.role)) or "* the run is over")
    end)
  end
  return err
end

local function open(dir, args)
  local self = setmetatable({ dir = dir, kept = setmetatable({}, nil) }, Repl)
  local err
  self.config, err = config.load(dir)
  if not self.config then
    return nil, err
  end
  self.root, err = errors.check(fs.root(dir))
  if not self.root then
    return nil, err
  end
  self.store, err = reader.open(dir)
  if not self.store then
    return nil, err
  end
  local problems = self:reload()
  if args.run then
    problems = {} -- of the files as they are now
    self.moment, err = moment.open(self, args.run, args.at)
  elseif args.attach then
    err = attach(self)
  end
  if err then
    return nil, err
  end
  return self, problems
end

---@param argv string[]
---@param cli table the command line, whose commands are explained
---@return integer exit code
function M.run(argv, cli)
  local args, message = options.parse(argv, { C = "value", run = "value", at = "value", attach = "flag" }, {})
  if not args or args.at and not args.run or args.run and args.attach then
    return options.refuse(M.usage, message or args.attach and "--attach is now, --run is then"
      or "--at needs --run")
  end
  local self, problems = open(args.C or ".", args)
  if not self then
    return cli_report.failure(problems)
  end
  self.cli = cli
  if #problems > 0 then
    cli_report.failure(problems)
  end
  if sys.is_tty(0) then
    print(string.format("orket %s  %s  (exit or ^D ends; help prints more)", sys.version(),
      self.moment and moment.line(self) or "generation " .. self.generation.id))
    local stop = on_interrupts(self)
    read_loop(self)
    stop()
    return 0
  end
  return pipe_loop(self) and 0 or 1
end

return M
