-- completion.lua: `orket completion bash|zsh|fish`: a shell's completion, made from the registry of commands.

local config = require("orket.project.config")
local tables = require("orket.util.tables")
local options = require("orket.options")
local reader = require("orket.project.reader")

local M = {}

M.usage = [[
usage: orket completion bash|zsh|fish

Prints what the shell needs to complete commands, options and the ids of cards.
  bash      source <(orket completion bash)             in ~/.bashrc
  zsh       orket completion zsh > DIR/_orket           DIR in $fpath
  fish      orket completion fish > ~/.config/fish/completions/orket.fish
exit: 0 done, 2 usage
]]

-- ---- ids: `orket completion [-C DIR] cards`, which the shells ask ----

local function ids_of(dir)
  local ids = {}
  local store <close> = reader.open(dir)
  for _, row in ipairs(store and store:read("board", {}) or {}) do
    ids[row.id] = true
  end
  local project = config.read(dir)
  for _, kind in ipairs(project and { "rocks", "epics" } or {}) do
    for id in pairs(project[kind] or {}) do
      ids[id] = true
    end
  end
  return tables.keys(ids)
end

-- Shells expand what they are given: only plain ids leave.
local function print_ids(dir)
  for _, id in ipairs(ids_of(dir)) do
    if id:find("^%w[%w._-]*$") then
      print(id)
    end
  end
end

-- ---- scripts ----

local function options_of(usage)
  local set = {}
  for option in usage:gmatch("[%s%[|(](%-%-?%a[%w%-]*)") do
    set[option] = true
  end
  return tables.keys(set)
end

local function takes_cards(usage)
  local head = usage:match("^(.-)\n\n") or usage
  return (head:find("%f[%w]CARD%f[%W]") or head:find("%f[%w]EPIC%f[%W]") or head:find(" ID%.%.%.")) ~= nil
end

-- Every command: its name, its line of help, its options; and the names of those that take cards.
local function commands(cli)
  local all, with_cards = {}, {}
  for i, name in ipairs(cli.names()) do
    local usage = cli.usage_of(name)
    all[i] = { name = name, help = cli.commands[name][2], options = options_of(usage) }
    with_cards[#with_cards + 1] = takes_cards(usage) and name or nil
  end
  return all, with_cards
end

local function each(all, form)
  local lines = {}
  for i, command in ipairs(all) do
    lines[i] = form(command)
  end
  return table.concat(lines)
end

local function cases(all)
  return each(all, function(command)
    return ("      %s) words=(%s) ;;\n"):format(command.name, table.concat(command.options, " "))
  end)
end

local function quoted(value)
  return "'" .. value:gsub("'", "'\\''") .. "'"
end

local BASH = [==[
_orket() {
  local current=${COMP_WORDS[COMP_CWORD]} command= dir=() i word words=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      -C) dir=(-C "${COMP_WORDS[++i]}") ;;
      -C*) dir=("${COMP_WORDS[i]}") ;;
      -*) ;;
      *) [[ $command ]] || command=${COMP_WORDS[i]} ;;
    esac
  done
  COMPREPLY=()
  if [[ ${COMP_WORDS[COMP_CWORD-1]} == -C ]]; then
    compopt -o dirnames
    return
  elif [[ ! $command ]]; then
    words=(@COMMANDS@)
  elif [[ $current == -* ]]; then
    case $command in
@CASES@    esac
  else
    case $command in
      @CARDS@) mapfile -t words < <("${COMP_WORDS[0]}" completion "${dir[@]}" cards 2>/dev/null) ;;
    esac
  fi
  for word in "${words[@]}"; do
    [[ $word != "$current"* ]] || COMPREPLY+=("$word")
  done
}
complete -o default -F _orket orket
]==]

local ZSH = [==[
#compdef orket
local -a commands words_of
commands=(
@COMMANDS@)
if (( CURRENT == 2 )); then
  _describe command commands
elif [[ ${words[CURRENT]} == -* ]]; then
  case ${words[2]} in
@CASES@  esac
  compadd -- $words_of
else
  case ${words[2]} in
    @CARDS@) compadd -- ${(f)"$(${words[1]} completion cards 2>/dev/null)"} ;;
    *) _files ;;
  esac
fi
]==]

local function filled(template, values)
  return (template:gsub("@(%u+)@", values))
end

local write = {}

function write.bash(all, with_cards)
  return filled(BASH, { COMMANDS = table.concat(tables.column(all, "name"), " "), CASES = cases(all),
    CARDS = table.concat(with_cards, "|") })
end

function write.zsh(all, with_cards)
  return filled(ZSH, {
    COMMANDS = each(all, function(command)
      return "  " .. quoted(command.name .. ":" .. command.help) .. "\n"
    end),
    CASES = cases(all):gsub("words=", "words_of="), CARDS = table.concat(with_cards, "|"),
  })
end

local function seen(words)
  return "__fish_seen_subcommand_from " .. words
end

function write.fish(all, with_cards)
  return each(all, function(command)
    local lines = { ("complete -c orket -n __fish_use_subcommand -f -a %s -d %s\n"):format(command.name,
      quoted(command.help):gsub("'\\''", "\\'")) }
    for _, option in ipairs(command.options) do
      local short = #option == 2 and "s" or "o"
      local kind = option:find("^%-%-") and "l" or short
      local words = option:gsub("^%-+", "")
      lines[#lines + 1] = ("complete -c orket -n '%s' -%s %s\n"):format(seen(command.name), kind, words)
    end
    return table.concat(lines)
  end) .. ("complete -c orket -n '%s' -f -a '(orket completion cards 2>/dev/null)'\n"):format(
    seen(table.concat(with_cards, " ")))
end

---@param argv string[]
---@param cli table the command line
---@return integer exit code
function M.run(argv, cli)
  local args, message = options.parse(argv, { C = "value" }, { "shell" })
  if not args or args.shell ~= "cards" and not write[args.shell] then
    return options.refuse(M.usage, message or "unknown shell " .. args.shell .. ": bash, zsh or fish")
  elseif args.shell == "cards" then
    print_ids(args.C or ".")
  else
    io.write(write[args.shell](commands(cli)))
  end
  return 0
end

return M
