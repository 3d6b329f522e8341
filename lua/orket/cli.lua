-- cli.lua: the command line: finds the command's module, gives it its arguments.

local tables = require("orket.util.tables")
local suggest = require("orket.util.suggest")

local M = {}

M.commands = { -- name -> { module, one line of help, member of the module }
  approvals = { "orket.cmd.approvals", "what waits for a person's yes or no" },
  apply = { "orket.cmd.apply", "apply what a card or an epic changed to files of yours" },
  approve = { "orket.cmd.people", "say yes to what an agent asks for", "approve" },
  answer = { "orket.cmd.people", "answer a parked card's question", "answer" },
  backup = { "orket.cmd.backup", "copy the journal and its key into a directory, verified" },
  bench = { "orket.cmd.bench", "what a step, a stream and a decision cost" },
  board = { "orket.cmd.board", "all cards, who works on them, what they cost" },
  bottlenecks = { "orket.cmd.bottlenecks", "what waits too long, and seats that have too much" },
  budget = { "orket.cmd.budget", "what may be spent, what is, and what is reserved" },
  chat = { "orket.cmd.chat", "a conversation about the board: look, propose" },
  check = { "orket.cmd.check", "verify the journal and rebuild the board from it" },
  branch = { "orket.cmd.branch", "write an epic's work into its repository, as commits on a branch" },
  checkout = { "orket.cmd.checkout", "write the files of a card or an epic into a directory" },
  completion = { "orket.cmd.completion", "what bash, zsh or fish need to complete commands and cards" },
  comment = { "orket.cmd.people", "add a comment to a card", "comment" },
  cost = { "orket.cmd.cost", "what requests to models cost, by card, role, model, arm, day or run" },
  deny = { "orket.cmd.people", "say no to what an agent asks for", "deny" },
  diff = { "orket.cmd.changed_files", "what a card or an epic changed, as a unified diff" },
  eval = { "orket.cmd.eval", "compare prompts over the cases of a suite" },
  examples = { "orket.cmd.examples", "what agents propose as examples of good work, and your answer" },
  export = { "orket.cmd.export", "a run as one file that can be verified anywhere" },
  ["export-cards"] = { "orket.cmd.export_cards", "write the cards of the board into the card files" },
  fork = { "orket.cmd.fork", "a new run that goes on from a moment of another one" },
  gc = { "orket.cmd.gc", "make room: drop what runs long ended left behind" },
  faults = { "orket.cmd.faults", "the points where a test build can be made to fail" },
  halt = { "orket.cmd.people", "drain the running run", "halt" },
  history = { "orket.cmd.history", "all runs, or the turns of one: steps, tokens, outcome" },
  inbox = { "orket.cmd.inbox", "what waits for you, answered one by one" },
  init = { "orket.cmd.init", "write a minimal working project" },
  key = { "orket.cmd.key", "access keys of the service: list, add, revoke" },
  law = { "orket.cmd.law", "print the card state machine" },
  mcp = { "orket.cmd.mcp", "tools of MCP servers: what they offer, what is trusted" },
  memory = { "orket.cmd.memory", "what is remembered: search, add, forget, why" },
  ["mock-llm"] = { "orket.cmd.mock_llm", "a model that is a script, for tests and demos" },
  new = { "orket.cmd.new", "write a small role, tool, node, policy or epic" },
  setup = { "orket.cmd.setup", "find a model server or a key, check it, write it into the project" },
  schema = { "orket.cmd.schema", "the JSON Schema of a project's files, for editors" },
  script = { "orket.cmd.script", "list, show, copy, propose and accept roles, nodes, policies and tools" },
  stubs = { "orket.cmd.stubs", "what scripts may call, as stubs for LuaLS" },
  models = { "orket.cmd.models", "the models of a project; whether one answers, streams, calls" },
  log = { "orket.cmd.log", "the events, with -f as they happen" },
  plan = { "orket.cmd.plan", "a request becomes a rock with epics and issues" },
  notify = { "orket.cmd.notify", "who is notified of what waits, is done or reached a cap; a test" },
  policy = { "orket.cmd.policy", "the policies that serve, and scripts that wait to be accepted" },
  move = { "orket.cmd.people", "move a card manually", "move" },
  prompt = { "orket.cmd.prompt", "what would be sent to a model for a card" },
  push = { "orket.cmd.push", "push an epic's branch to a remote of the configuration" },
  put = { "orket.cmd.put", "put files of yours into a card" },
  repl = { "orket.cmd.repl", "Lua lines over a project: look, dry-run, act" },
  resume = { "orket.cmd.resume", "go on with a run that did not end" },
  replay = { "orket.cmd.replay", "derive a recorded run again and compare" },
  reports = { "orket.cmd.reports", "what was refused: attempted, why, by which rule, how to fix it" },
  restore = { "orket.cmd.restore", "put a backup in the place of a damaged journal" },
  retry = { "orket.cmd.people", "try a parked card again", "retry" },
  run = { "orket.cmd.run", "run an epic, a rock or an issue" },
  serve = { "orket.cmd.serve", "own the project and serve it: API, live events, runs" },
  sim = { "orket.cmd.sim", "judge changed scripts by recorded history" },
  show = { "orket.cmd.show", "one card with its history" },
  sync = { "orket.cmd.sync", "apply the card files to the board" },
  test = { "orket.cmd.test", "run a card's verification on its files now" },
  transcript = { "orket.cmd.transcript", "what was said in a card's turns: prompt, replies, calls, results" },
  trust = { "orket.cmd.people", "answer for what came from outside", "trust" },
  try = { "orket.cmd.try", "test one sandbox boundary without a project" },
  verify = { "orket.cmd.verify", "is an exported run what was signed" },
  user = { "orket.cmd.user", "who may sign in to the service, and as what" },
  update = { "orket.cmd.update", "merge what changed in an epic's repository into the epic" },
  why = { "orket.cmd.why", "what an event follows from, back to the prompt" },
  ["why-not"] = { "orket.cmd.why_not", "every check that stands against a refused call" },
  version = { "orket.cmd.version", "print the version" },
  validate = { "orket.cmd.validate", "everything that is wrong with a project" },
}

---The names of all commands, sorted.
---@return string[]
function M.names()
  return tables.keys(M.commands)
end

-- How --help lists them: what is used every day first.
M.groups = {
  { "Every day", "init", "setup", "run", "board", "inbox", "show", "test", "transcript", "approve", "answer",
    "log", "validate" },
  { "Work on cards", "plan", "chat", "approvals", "comment", "deny", "halt", "move", "put", "resume", "retry",
    "notify", "serve", "sync", "update", "export-cards", "trust", "user", "key" },
  { "What came out, and why", "diff", "apply", "checkout", "branch", "push", "history",
    "why", "why-not", "reports",
    "prompt", "cost", "budget", "bottlenecks", "memory" },
  { "Scripts, models and tools", "models", "mcp", "policy", "new", "script", "schema", "stubs", "repl", "law",
    "try" },
  { "Recorded runs", "fork", "replay", "sim", "eval", "examples", "export", "verify" },
  { "The journal", "backup", "check", "gc", "restore" },
  { "The program", "bench", "faults", "mock-llm", "completion", "version" },
}

local function member(command)
  local module = require(command[1])
  return command[3] and module[command[3]] or module
end

---What `orket NAME --help` prints.
---@param name string
---@return string
function M.usage_of(name)
  return member(M.commands[name]).usage
end

local function usage(out)
  out:write("usage: orket [-C DIR] COMMAND [ARGUMENT...]\n")
  for _, group in ipairs(M.groups) do
    out:write("\n", group[1], "\n")
    for i = 2, #group do
      out:write(string.format("  %-14s %s\n", group[i], M.commands[group[i]][2]))
    end
  end
  out:write("\norket COMMAND --help prints more, orket help --man is the page for man. ",
    "Exit: 0 done, 1 failed, 2 usage, 3 parked.\n")
end

local function unknown(name)
  if name:find("^%-") then
    local fault = name == "-C" and "-C DIR stands before or behind a command, and there is none"
      or "unknown option " .. name
    io.stderr:write("orket: ", fault, "\n",
      "usage: orket [-C DIR] COMMAND [ARGUMENT...]\n  help: orket --help\n")
    return 2
  end
  local near = suggest.find(name, M.names())
  io.stderr:write("orket: there is no command ", name, near and ", did you mean " .. near .. "?" or "", "\n",
    "  fix: orket --help lists the commands\n")
  return 2
end

-- Options that may stand before the command, as git has it: they are moved behind it.
local function with_command_first(argv)
  local at = 1
  while argv[at] == "-C" or argv[at] == "--json" or (argv[at] or ""):find("^%-C.") do
    at = at + (argv[at] == "-C" and 2 or 1)
  end
  if at == 1 or not argv[at] then
    return argv
  end
  local moved = table.move(argv, 1, at - 1, 2, { argv[at] })
  return table.move(argv, at + 1, #argv, at + 1, moved)
end

---Runs one command. It is given the command line itself: no command requires it.
---@param argv string[]
---@return integer exit code
function M.run(argv)
  argv = with_command_first(argv)
  local name = argv[1]
  if name == "--help" or name == "-h" or name == "help" and not argv[2] then
    usage(io.stdout)
    return 0
  elseif name == "help" and argv[2] == "--man" then
    io.write(require("orket.view.man_page").render(M))
    return 0
  elseif name == "help" then
    return M.run({ argv[2], "--help" })
  elseif not name or name == "" then
    usage(io.stderr)
    return 2
  end
  local command = M.commands[(name == "--version" or name == "-V") and "version" or name]
  if not command then
    return unknown(name)
  end
  local module = member(command)
  if argv[2] == "--help" or argv[2] == "-h" then
    io.stdout:write(module.usage)
    return 0
  end
  return module.run(table.move(argv, 2, #argv, 1, {}), M)
end

return M
