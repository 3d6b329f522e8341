-- dialects.lua: how models write tool calls into their text, one line for each way, as the chat template
-- of the model's publisher writes them. The words of the templates: core/model/dialect/grammar.h.
--
-- The first family whose form matches is the reply's, so those that share a mark stand in the order in
-- which they can tell: `{` before a name. A family is known by its name and by those that vLLM, SGLang,
-- llama.cpp and Ollama call it.

local core = require("orket.core.dialect")
local errors = require("orket.errors")

local M = {}

local PARAMETER = "<parameter={key}>{value}</parameter>"
local NAMED = '<parameter name="{key}">{value}</parameter>'

local FAMILIES = {
  { name = "hermes", also = { "qwen", "qwen25", "qwen3", "ernie45", "ernie", "cogito", "granite4", "mimo", "exaone", "nous" },
    "<tool_call>{calls}</tool_call>" },
  { name = "qwen3-coder", also = { "qwen3_xml", "nemotron3" },
    { "<tool_call> <function={name}> {params} </function> </tool_call>", param = PARAMETER },
    { "<function={name}> {params} </function>", param = PARAMETER } },
  { name = "glm45", also = { "glm4", "glm46", "glm47", "hy_v3" },
    { "<tool_call>{name} {params} </tool_call>", typed = true,
      param = "<arg_key>{key}</arg_key> <arg_value>{value}</arg_value>" } },
  { name = "functionary", also = { "functionary_v31", "functionary_v32", "functionary_v2", "llama3_functionary" },
    "<function={name}>{json}</function>",
    ">>>{name}\n{json}",
    "<|from|>assistant <|recipient|>{name} <|content|>{json}{?<|stop|>}" },
  { name = "llama3", also = { "llama3_json", "llama31", "llama4_json", "llama32" },
    "<|python_tag|>{calls}{?<|eom_id|>}",
    "<|python_tag|>{python}{?<|eom_id|>}" },
  { name = "pythonic", also = { "llama4_pythonic", "llama4", "toolace" },
    "<|python_start|>[{python}]<|python_end|>",
    { "[{python}]", where = "start" } },
  { name = "mistral", also = { "magistral", "ministral", "devstral" },
    "[TOOL_CALLS]{calls}",
    "[TOOL_CALLS]{name}[CALL_ID]{any}[ARGS]{json}",
    "[TOOL_CALLS]{name}[ARGS]{json}",
    "[TOOL_CALLS]{name}{json}" },
  { name = "deepseek-v3", also = { "deepseek", "deepseek_r1", "r1" },
    { "<｜tool▁call▁begin｜>function<｜tool▁sep｜>{name}\n```json\n{json}\n```<｜tool▁call▁end｜>",
      section = { "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>" } } },
  { name = "deepseek-v31", also = { "cogito_v2" },
    { "<｜tool▁call▁begin｜>{name}<｜tool▁sep｜>{json}<｜tool▁call▁end｜>",
      section = { "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>" } } },
  { name = "deepseek-v32", also = { "dsml" },
    { '<｜DSML｜invoke name="{name}"> {params} </｜DSML｜invoke>', section = { "<｜DSML｜function_calls>", "</｜DSML｜function_calls>" },
      param = '<｜DSML｜parameter name="{key}" string="{string}">{value}</｜DSML｜parameter>' } },
  { name = "step3",
    { '<｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name="{name}"> {params} </steptml:invoke><｜tool_call_end｜>',
      section = { "<｜tool_calls_begin｜>", "<｜tool_calls_end｜>" },
      param = '<steptml:parameter name="{key}">{value}</steptml:parameter>' } },
  { name = "phi4", also = { "phi4_mini_json", "firefunction" },
    "functools{calls}",
    { "<|tool_call|>{calls}<|/tool_call|>", strict = true } },
  { name = "granite", also = { "granite3", "granite_20b_fc" },
    "<|tool_call|>{calls}{?<|end_of_text|>}",
    "<function_call>{calls}{?</function_call>}" },
  { name = "jamba", also = { "hunyuan_a13b", "hunyuan", "minimax_m1" },
    "<tool_calls>{calls}</tool_calls>" },
  { name = "internlm", also = { "internlm2" },
    "<|action_start|><|plugin|>{calls}<|action_end|>" },
  { name = "command-r", also = { "command_r7b", "command_a", "cohere" },
    "<|START_ACTION|>{calls}<|END_ACTION|>",
    { "Action: ```json {calls} ```", where = "line" } },
  { name = "kimi-k2", also = { "kimi" },
    { "<|tool_call_begin|>functions.{name}:{any}<|tool_call_argument_begin|>{json}<|tool_call_end|>",
      section = { "<|tool_calls_section_begin|>", "<|tool_calls_section_end|>" } },
    { "<|tool_call_begin|>{name}:{any}<|tool_call_argument_begin|>{json}<|tool_call_end|>",
      section = { "<|tool_calls_section_begin|>", "<|tool_calls_section_end|>" } } },
  { name = "gpt-oss", also = { "harmony", "openai" },
    "<|channel|>commentary to=functions.{name}{any}<|message|>{json}{?<|call|>}",
    "<|channel|>analysis to=functions.{name}{any}<|message|>{json}{?<|call|>}",
    "<|start|>assistant to=functions.{name}{any}<|message|>{json}{?<|call|>}" },
  { name = "gemma", also = { "gemma3", "functiongemma" },
    "```tool_code [{python}] ```",
    "```tool_code {python} ```",
    "```tool_call {calls} ```" },
  { name = "lfm2",
    "<|tool_call_start|>[{python}]<|tool_call_end|>",
    "<|tool_call_start|>{calls}<|tool_call_end|>" },
  { name = "olmo3",
    "<function_calls> {python} </function_calls>" },
  { name = "minimax-m2", also = { "minimax" },
    { '<invoke name="{name}"> {params} </invoke>', section = { "<minimax:tool_call>", "</minimax:tool_call>" }, param = NAMED } },
  { name = "invoke", also = { "anthropic_xml" },
    { '<invoke name="{name}"> {params} </invoke>', section = { "<function_calls>", "</function_calls>" }, param = NAMED } },
  { name = "seed-oss", also = { "seed" },
    { "<function={name}> {params} </function>", section = { "<seed:tool_call>", "</seed:tool_call>" }, param = PARAMETER } },
  { name = "nemotron", also = { "nemotron_json" },
    "<TOOLCALL>{calls}</TOOLCALL>" },
  { name = "longcat",
    "<longcat_tool_call>{calls}</longcat_tool_call>" },
  { name = "solar",
    "<|tool_call:begin|>{any}<|tool_call:name|>{name}<|tool_call:args|>{json}<|tool_call:end|>" },
  { name = "mcp-xml", also = { "mirothinker" },
    "<use_mcp_tool> <server_name>{any}</server_name> <tool_name>{name}</tool_name> <arguments>{json}</arguments> </use_mcp_tool>" },
  { name = "json", also = { "xlam", "openai_json" },
    { "{calls}", where = "prose" } },
  { name = "react",
    { "Action: {name}\nAction Input: {json}", where = "line" } },
  { name = "text",
    { "TOOL: {name}\nPATH: {line}\nCONTENT:{rest}", where = "line", arguments = { "path", "content" } },
    { "TOOL: {name}\npath: {line}\ncontent:{rest}", where = "line", arguments = { "path", "content" } },
    { "[{name}]\nPATH: {line}\nCONTENT:{rest}", where = "line", arguments = { "path", "content" } },
    { "[{name}]\npath: {line}\ncontent:{rest}", where = "line", arguments = { "path", "content" } } },
}

-- What a model thinks is no answer.
local REASONING = {
  { "<think>", "</think>" }, { "<thinking>", "</thinking>" }, { "<thought>", "</thought>" }, { "<seed:think>", "</seed:think>" },
  { "[THINK]", "[/THINK]" }, { "<|START_THINKING|>", "<|END_THINKING|>" }, { "◁think▷", "◁/think▷" },
  { "<|channel|>analysis<|message|>", "<|end|>" },
}

-- Marks of chat templates that a server did not take away.
local DROP = {
  "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|START_RESPONSE|>", "<|END_RESPONSE|>",
  "<|channel|>final<|message|>", "<|channel|>commentary<|message|>", "<|start|>assistant", "<|end|>", "<|return|>", "</s>",
}

local function form(spec)
  if type(spec) == "string" then
    return { call = spec }
  end
  return { call = spec[1], section = spec.section, param = spec.param, where = spec.where, typed = spec.typed,
    strict = spec.strict, arguments = spec.arguments }
end

local function family(spec)
  local forms = {}
  for i, each in ipairs(spec) do
    forms[i] = form(each)
  end
  return { name = spec.name, forms = forms }
end

local function key(name)
  return (name:lower():gsub("[^%w]", ""))
end

local grammar, names -- compiled when first asked for

local function compiled()
  if not grammar then
    local families = {}
    names = {}
    for i, spec in ipairs(FAMILIES) do
      families[i] = family(spec)
      names[key(spec.name)] = spec.name
      for _, also in ipairs(spec.also or {}) do
        names[key(also)] = spec.name
      end
    end
    grammar = assert(core.compile({ families = families, reasoning = REASONING, drop = DROP }))
  end
  return grammar
end

---The family that is known by a name, whatever its case and its dashes.
---@param name string
---@return string|nil
function M.named(name)
  compiled()
  return names[key(name)]
end

---@return string[] in the order in which they are tried
function M.families()
  return compiled():families()
end

---The calls in a model's text.
---@param pieces string[] the text as it came
---@param options {dialect: string?, tools: table[]?}? dialect nil or "auto": whichever matches first
---@return {dialect: string?, content: string, reasoning: string, calls: {name: string, arguments: string, state: string}[], broken: integer, broken_at: integer}|nil
---@return Error|nil
function M.read(pieces, options)
  options = options or {}
  local wanted = options.dialect ~= "auto" and options.dialect or nil
  local name = wanted and M.named(wanted)
  if wanted and not name then
    return nil, errors.new("ERR_NOT_FOUND", "no dialect is called " .. wanted, "one of " .. table.concat(M.families(), ", "))
  end
  return errors.check(compiled():read(pieces, { family = name, tools = options.tools }))
end

return M
