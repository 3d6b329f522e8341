-- dialects.lua: how models write tool calls into their text, one line for each way, as the chat template
-- of the model's publisher writes them. The words of the templates: core/model/dialect/grammar.h.
--
-- The first family whose form matches is the reply's, so those that share a mark stand in the order in
-- which they can tell: `{` before a name. A family is known by its name and by those that vLLM, SGLang,
-- llama.cpp and Ollama call it.

local dialect = require("orket.core.dialect")
local errors = require("orket.errors")

local M = {}

local PARAMETER = "<parameter={key}>{value}</parameter>"
local ARG = "<arg_key>{key}</arg_key> <arg_value>{value}</arg_value>"
local ARG_OPEN = "<arg_key:opensource>{key}</arg_key:opensource> "
  .. "<arg_value:opensource>{value}</arg_value:opensource>"
local NAMED = '<parameter name="{key}">{value}</parameter>'

local DSML = '<｜DSML｜parameter name="{key}" string="{string}">{value}</｜DSML｜parameter>'
local GCML = '<｜GCML｜parameter name="{key}" string="{string}">{value}</｜GCML｜parameter>'

local M3 = "]<]minimax[>["

local FAMILIES = {
  { name = "hermes", also = { "hermes2pro", "qwen", "qwen2", "qwen25", "qwen3", "qwen3thinking", "qwen3vl",
    "qwen3vlinstruct", "qwen3vlthinking",
      "ernie45", "ernie", "granite4", "exaone", "exaonemoe", "nous", "trinity", "arcee", "kolibri1" },
    "<tool_call>{calls}</tool_call>",
    "<tool_call> ```json {calls} ``` </tool_call>",
    "<tool_call> ``` {calls} ``` </tool_call>",
    { "{calls} </tool_call>", where = "prose" }, -- its opening mark was lost
    { "{calls}", where = "start", named = true } },
  { name = "qwen3-coder", also = { "qwen3xml", "qwen3coderxml", "qwen35", "nemotron3", "nemotronv3",
    "nemotron3nano", "nemotron35nano", "step35",
      "step3p5", "mimo", "xiaomimimo", "intellect3", "ornith", "qwen38" },
    { "<tool_call> <function={name}> {params} </function> </tool_call>", param = PARAMETER, lines = true },
    { "<function={name}> {params} </function> {?</tool_call>}", param = PARAMETER, lines = true },
    { "<tool_call>{calls}</tool_call>", named = true } },
  { name = "glm45", also = { "glm", "glm4", "glm46", "glm47", "glm52", "glmocr", "poolsidev1", "laguna",
    "ling3", "bailing", "spark25" },
    { "<tool_call>{name} {params} </tool_call>", typed = true, param = ARG },
    "<tool_call>{name}\n{json}</tool_call>",
    { "<tool_call>{calls}</tool_call>", named = true },
    { "{calls}", where = "prose", named = true } },
  { name = "functionary", also = { "functionaryv2", "functionaryv31", "functionaryv31llama31",
    "functionaryv32", "llama3functionary" },
    "<function={name}>{json}</function>",
    ">>>{name}\n{json}",
    "<|from|>assistant <|recipient|>{name} <|content|>{json}{?<|stop|>}" },
  { name = "llama3", also = { "llama3json", "llama31", "llama32", "llama3x", "llama3xwithbuiltintools",
    "llama4json" },
    "<|python_tag|>{calls}{?<|eom_id|>}",
    "<|python_tag|>{python}{?<|eom_id|>}",
    { "{calls}", where = "prose", named = true } },
  { name = "pythonic", also = { "llama4pythonic", "llama4", "toolace" },
    "<|python_start|> [{python}] <|python_end|>",
    { "[{python}]", where = "start" },
    { "[{python}]", where = "prose", named = true } },
  { name = "mistral", also = { "mistralnemo", "magistral", "ministral", "devstral" },
    "[TOOL_CALLS]{calls}",
    "[TOOL_CALLS]{name}[CALL_ID]{any}[ARGS]{json}",
    "[TOOL_CALLS]{name}[ARGS]{json}",
    "[TOOL_CALLS]{name}{json}",
    { "{calls}", where = "start", named = true } },
  { name = "deepseek-v3", also = { "deepseek", "deepseek3", "deepseekr1", "r1" },
    { "{?<｜tool▁call▁begin｜>}function<｜tool▁sep｜>{name}\n```json\n{json}\n```{?<｜tool▁call▁end｜>}",
      section = { "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>" } },
    { "{?<｜tool▁call▁begin｜>}function<｜tool▁sep｜>{name}\n```json\n{json}\n```{?<｜tool▁call▁end｜>}",
      section = { "<｜tool_calls_begin｜>", "<｜tool▁calls▁end｜>" } },
    { "{?<｜tool▁call▁begin｜>}function<｜tool▁sep｜>{name}\n```json\n{json}\n```{?<｜tool▁call▁end｜>}",
      section = { "<｜tool▁calls｜>", "<｜tool▁calls▁end｜>" } },
    "<｜tool▁call▁begin｜>function<｜tool▁sep｜>{name}\n```json\n{json}\n```<｜tool▁call▁end｜>",
    { "{?<｜tool▁call▁begin｜>}{name}<｜tool▁sep｜>{json}{?<｜tool▁call▁end｜>}", named = true,
      section = { "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>" } } },
  { name = "deepseek-v31", also = { "cogitov2" },
    { "{?<｜tool▁call▁begin｜>}{name}<｜tool▁sep｜>{json}{?<｜tool▁call▁end｜>}",
      section = { "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>" } },
    "<｜tool▁call▁begin｜>{name}<｜tool▁sep｜>{json}<｜tool▁call▁end｜>" },
  { name = "deepseek-v32", also = { "dsml", "deepseekv4", "deepseekv41" },
    { '<｜DSML｜invoke name="{name}"> {params} </｜DSML｜invoke>',
      section = { "<｜DSML｜function_calls>", "</｜DSML｜function_calls>" }, param = DSML },
    { '<｜DSML｜invoke name="{name}"> {json} </｜DSML｜invoke>',
      section = { "<｜DSML｜function_calls>", "</｜DSML｜function_calls>" } },
    { '<｜DSML｜invoke name="{name}"> {params} </｜DSML｜invoke>',
      section = { "<｜DSML｜tool_calls>", "</｜DSML｜tool_calls>" }, param = DSML },
    { '<｜DSML｜invoke name="{name}"> {json} </｜DSML｜invoke>',
      section = { "<｜DSML｜tool_calls>", "</｜DSML｜tool_calls>" } },
    { '{=<｜DSML｜ invoke name="}{name}"> {params} {=</｜DSML｜ invoke>}',
      section = { "<｜DSML｜ calls>", "</｜DSML｜ calls>" },
      param = '{=<｜DSML｜ parameter name="}{key}" string="{string}">{value}{=</｜DSML｜ parameter>}' },
    { '{=<｜DSML｜ invoke name="}{name}"> {json} {=</｜DSML｜ invoke>}',
      section = { "<｜DSML｜ calls>", "</｜DSML｜ calls>" } } },
  { name = "gigachat", also = { "gigachat3" },
    "function call<|role_sep|>\n{calls}{?<|message_sep|>}",
    "<|function_call|>{calls}{?<|message_sep|>}" },
  { name = "gigachat35", also = { "gcml" },
    { '<｜GCML｜invoke name="{name}"> {params} </｜GCML｜invoke>',
      section = { "<｜GCML｜tool_calls>", "</｜GCML｜tool_calls>" }, param = GCML } },
  { name = "step3",
    { '<｜tool_call_begin｜>{any}<steptml:invoke name="{name}"> {params} </steptml:invoke> '
      .. "<｜tool_call_end｜> {?<｜tool_sep｜>}",
      section = { "<｜tool_calls_begin｜>", "<｜tool_calls_end｜>" },
      param = '<steptml:parameter name="{key}">{value}</steptml:parameter>' } },
  { name = "phi4", also = { "phi4minijson", "firefunction", "firefunctionv2" },
    "functools{calls}",
    { "<|tool_call|>{calls}<|/tool_call|>", strict = true } },
  { name = "granite", also = { "granite3", "granite20bfc" },
    "<|tool_call|>{calls}{?<|end_of_text|>}",
    "<function_call>{calls}{?</function_call>}",
    { "<tool_call>{calls}{?</tool_call>}", named = true } },
  { name = "hunyuan-v3", also = { "hyv3", "hyv4", "hunyuan", "hunyuanv4" },
    { "<tool_call>{name}{?<tool_sep>} {params} </tool_call>", section = { "<tool_calls>", "</tool_calls>" },
      typed = true, param = ARG },
    { "<tool_call:opensource>{name}{?<tool_sep:opensource>} {params} </tool_call:opensource>", typed = true,
      param = ARG_OPEN,
      section = { "<tool_calls:opensource>", "</tool_calls:opensource>" } },
    { "<tool_calls>{calls}</tool_calls>", named = true } },
  { name = "jamba", also = { "hunyuana13b", "apriel", "apriel15" },
    "<tool_calls>{calls}</tool_calls>" },
  { name = "internlm", also = { "internlm2", "interns1" },
    "<|action_start|> <|plugin|>{calls}<|action_end|>" },
  { name = "command-r", also = { "commandr7b", "commanda", "cohere", "coherecommand3", "coherecommand4" },
    "<|START_ACTION|>{calls}<|END_ACTION|>",
    { "Action: ```json {calls} ```", where = "line" } },
  { name = "kimi-k2", also = { "kimi" },
    { "<|tool_call_begin|>functions.{name}:{any}<|tool_call_argument_begin|>{json}<|tool_call_end|>",
      section = { "<|tool_calls_section_begin|>", "<|tool_calls_section_end|>" } },
    { "<|tool_call_begin|>{name}:{any}<|tool_call_argument_begin|>{json}<|tool_call_end|>",
      section = { "<|tool_calls_section_begin|>", "<|tool_calls_section_end|>" } },
    { "<|tool_call_begin|>functions.{name}:{any}<|tool_call_argument_begin|>{json}<|tool_call_end|>",
      section = { "<|tool_call_section_begin|>", "<|tool_call_section_end|>" } },
    "<|tool_call_begin|>functions.{name}:{any}<|tool_call_argument_begin|>{json}<|tool_call_end|>",
    "<|tool_call_begin|>{name}:{any}<|tool_call_argument_begin|>{json}<|tool_call_end|>" },
  { name = "kimi-k3",
    { '<|open|>call tool="{name}"{any}<|sep|> {params} <|close|>call<|sep|>',
      section = { "<|open|>tools<|sep|>", "<|close|>tools<|sep|>" },
      param = '<|open|>argument key="{key}" type="{type}"<|sep|>{value}<|close|>argument<|sep|>' },
    { '<|open|>call tool="{name}"{any}<|sep|> <|open|>json{any}<|sep|>{json}<|close|>json<|sep|> '
      .. "<|close|>call<|sep|>",
      section = { "<|open|>tools<|sep|>", "<|close|>tools<|sep|>" } } },
  { name = "gpt-oss", also = { "harmony", "openai" },
    "<|channel|> commentary to=functions.{name}{any}<|message|>{json}{?<|call|>}",
    "<|channel|> analysis to=functions.{name}{any}<|message|>{json}{?<|call|>}",
    "<|start|> assistant to=functions.{name}{any}<|message|>{json}{?<|call|>}",
    "to=functions.{name}{any}<|message|>{json}{?<|call|>}",
    "<|channel|> commentary to={name}{any}<|message|>{json}{?<|call|>}",
    -- a call that wants nothing may say nothing
    "<|channel|> commentary to=functions.{name}{any}<|message|> <|call|>",
    "<|channel|> analysis to=functions.{name}{any}<|message|> <|call|>" },
  { name = "gemma", also = { "gemma3" },
    "```tool_code [{python}] ```",
    "```tool_code {python} ```",
    "```tool_code ```tool_code {python} ```",
    "```tool_call {calls} ```" },
  { name = "gemma4", also = { "gemma4nothinking" },
    { "<|tool_call>call:{name}{json}<tool_call|>", quote = '<|"|>' },
    { "call:{name}{json}", quote = '<|"|>', where = "line", named = true } },
  { name = "functiongemma",
    { "<start_function_call>call:{name}{json}<end_function_call>", quote = "<escape>" } },
  { name = "lfm2", also = { "lfm2withjsontools", "lfm2thinking" },
    "<|tool_call_start|> [{python}] <|tool_call_end|>",
    "<|tool_call_start|>{calls}<|tool_call_end|>" },
  { name = "olmo3", also = { "olmo3think" },
    "<function_calls> {python} </function_calls>" },
  { name = "minimax-m2",
    { '<invoke name="{name}"> {params} </invoke>',
      section = { "<minimax:tool_call>", "</minimax:tool_call>" }, param = NAMED } },
  { name = "minimax-m3",
    { M3 .. '<invoke name="{name}"> {tags} ' .. M3 .. "</invoke>",
      section = { M3 .. "<tool_call>", M3 .. "</tool_call>" }, tags = M3 } },
  { name = "invoke", also = { "anthropic_xml" },
    { '<invoke name="{name}"> {params} </invoke>', section = { "<function_calls>", "</function_calls>" },
      param = NAMED } },
  { name = "dots",
    { '<invoke name="{name}"> {params} </invoke>',
      section = { "<dots_function_call>", "</dots_function_call>" }, param = NAMED },
    "<dots_function_call>{calls}</dots_function_call>" },
  { name = "muse", also = { "museglimmer", "glimmer" },
    { '<atem:invoke name="{name}"> {params} </atem:invoke>',
      section = { "<atem:function_calls>", "</atem:function_calls>" }, typed = true,
      param = '<atem:parameter name="{key}">{value}</atem:parameter>' } },
  { name = "seed-oss", also = { "seed" },
    { "<function={name}> {params} </function>", section = { "<seed:tool_call>", "</seed:tool_call>" },
      param = PARAMETER, wrapped = true } },
  { name = "minicpm5",
    { '<function name="{name}"> {params} </function>', cdata = true,
      param = '<param name="{key}">{value}</param>' } },
  { name = "k2-horizon", also = { "k2v3" },
    "<ifm|tool_call>{calls}</ifm|tool_call>",
    { "<ifm|tool_call>{name} {params} </ifm|tool_call>",
      param = "<ifm|arg_key>{key}</ifm|arg_key> <ifm|arg_type>{type}</ifm|arg_type> "
        .. "<ifm|arg_value>{value}</ifm|arg_value>" },
    { "<ifm|tool_call>{name} {params} </ifm|tool_call>", typed = true,
      param = "<ifm|arg_key>{key}</ifm|arg_key> <ifm|arg_value>{value}</ifm|arg_value>" } },
  { name = "apertus", also = { "apertus15", "apertus2509" },
    "<|tools_prefix|>{keyed}<|tools_suffix|>" },
  { name = "inkling",
    "<|message_model|>{key}<|content_invoke_tool_json|>{calls}<|end_message|>",
    "<|content_invoke_tool_json|>{calls}<|end_message|>" },
  { name = "nemotron", also = { "nemotronv2", "nemotronjson" },
    "<TOOLCALL>{calls}</TOOLCALL>" },
  { name = "longcat", also = { "longcatflash" },
    "<longcat_tool_call>{calls}</longcat_tool_call>" },
  { name = "pangu",
    "[unused11]{calls}[unused12]" },
  { name = "solar", also = { "solaropen" },
    "<|tool_call:begin|>{any}<|tool_call:name|>{name}<|tool_call:args|>{json}<|tool_call:end|>" },
  { name = "solar-open2",
    { "<|tool_call:start|>{name}\n {params} <|tool_call:end|>",
      param = "<|tool_arg:start|>{key}<|tool_arg:value|>{value}<|tool_arg:end|>" } },
  { name = "mcp-xml", also = { "mirothinker" },
    "<use_mcp_tool> <server_name>{any}</server_name> <tool_name>{name}</tool_name> "
      .. "<arguments>{json}</arguments> </use_mcp_tool>" },
  { name = "json", also = { "generic", "openai_json" },
    { "{calls}", where = "prose" } },
  { name = "react",
    { "Action: {name}\nAction Input: {json}", where = "line" } },
  { name = "text",
    { "TOOL: {name}\nPATH: {line}\nCONTENT:{rest}", where = "line", arguments = { "path", "content" },
      lines = true },
    { "TOOL: {name}\npath: {line}\ncontent:{rest}", where = "line", arguments = { "path", "content" },
      lines = true },
    { "[{name}]\nPATH: {line}\nCONTENT:{rest}", where = "line", arguments = { "path", "content" },
      lines = true },
    { "[{name}]\npath: {line}\ncontent:{rest}", where = "line", arguments = { "path", "content" },
      lines = true } },
  -- What these write, others have taken.
  { name = "cogito",
    { "{?<｜tool▁call▁begin｜>}function<｜tool▁sep｜>{name}\n```json\n{json}\n```{?<｜tool▁call▁end｜>}",
      named = true,
      section = { "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>" } },
    { "<｜tool▁call▁begin｜>function<｜tool▁sep｜>{name}\n```json\n{json}\n```<｜tool▁call▁end｜>", named = true },
    { "<tool_call>{calls}</tool_call>", named = true } },
  -- vLLM's name for M1's way, which M2 falls back to under M1's chat template.
  { name = "minimax", also = { "minimaxm1" },
    { "<tool_calls>{calls}</tool_calls>", named = true },
    { '<invoke name="{name}"> {params} </invoke>',
      section = { "<minimax:tool_call>", "</minimax:tool_call>" }, param = NAMED, named = true } },
  { name = "xlam",
    { "[TOOL_CALLS]{calls}", named = true },
    { "<tool_call>{calls}</tool_call>", named = true },
    { "{calls}", where = "prose", named = true } },
}

-- What a model thinks is no answer, nor is what it makes up as a tool's result or as somebody else's turn.
-- true: the prompt may have written where it begins.
local REASONING = {
  { "<think>", "</think>", true }, { "<thinking>", "</thinking>", true }, { "<thought>", "</thought>", true },
  { "<seed:think>", "</seed:think>", true }, { "<think:opensource>", "</think:opensource>", true },
  { "<ifm|think>", "</ifm|think>", true }, { "[THINK]", "[/THINK]", true },
  { "<|START_THINKING|>", "<|END_THINKING|>", true }, { "◁think▷", "◁/think▷", true },
  { "<|inner_prefix|>", "<|inner_suffix|>", true }, { "<|channel>thought", "<channel|>", true },
  { "<|channel>", "<channel|>" },
  { "<tool_response>", "</tool_response>" }, { "<|tool_response>", "<tool_response|>" },
  { "[TOOL_RESULTS]", "[/TOOL_RESULTS]" },
  { "<function_results>", "</function_results>" }, { "<TOOL_RESPONSE>", "</TOOL_RESPONSE>" },
  { "<tool_result>", "</tool_result>" },
  { "<｜tool▁outputs▁begin｜>", "<｜tool▁outputs▁end｜>" }, { "<｜tool▁output▁begin｜>", "<｜tool▁output▁end｜>" },
  { "<|START_TOOL_RESULT|>", "<|END_TOOL_RESULT|>" }, { "<|im_start|>user", "<|im_end|>" },
  { "<|im_start|>tool", "<|im_end|>" },
  { "<|im_start|>system", "<|im_end|>" }, { "<|start_header_id|>ipython", "<|eot_id|>" },
  { "<|start_header_id|>tool", "<|eot_id|>" },
  { "<|start_header_id|>user", "<|eot_id|>" }, { "<|observation|>", "<|assistant|>" },
  { "<|user|>", "<|assistant|>" },
  { "<|start|>functions.", "<|end|>" }, { "<|start|>user", "<|end|>" }, { "[INST]", "[/INST]" },
  { "<start_of_turn>user", "<end_of_turn>" },
  { "<|turn>user", "<turn|>" }, { "<start_function_response>", "<end_function_response>" },
  { "<|channel|>analysis<|message|>", "<|end|>" }, { "<|channel|> analysis<|message|>", "<|end|>" },
  { " to=self<|message|>", "<|eom|>" },
  { "<|message_model|><|content_thinking|>", "<|end_message|>" }, { "<mm:think>", "</mm:think>", true },
  { "[BEGIN REASONING]", "[BEGIN FINAL RESPONSE]", true },
  { "<|open|>think<|sep|>", "<|close|>think<|sep|>", true },
}

-- Marks of chat templates that a server did not take away.
local DROP = {
  "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|START_RESPONSE|>",
  "<|END_RESPONSE|>",
  "<|channel|>final<|message|>", "<|channel|>commentary<|message|>", "<|start|>assistant", "<|end|>",
  "<|return|>", "</s>", "<|assistant_start|>",
  "<|role_end|>", "<|message_model|><|content_text|>", ">>>all\n",
  "<|open|>response<|sep|>", "<|close|>response<|sep|>", "<|close|>message<|sep|>", "<|message_sep|>",
  "<turn|>", "<|assistant_end|>",
  "<|channel|>final <|constrain|>json<|message|>", "<|channel|> final<|message|>",
  "<|channel|> commentary<|message|>", "<|start|> assistant",
  " to=user<|message|>", "<|START_TEXT|>", "<|END_TEXT|>", "<|CHATBOT_TOKEN|>", "<|END_OF_TURN_TOKEN|>",
  "<ifm|tool_calls>", "</ifm|tool_calls>", "<|end_message|>", "<|eom|>", "<|eot|>", "<|end_of_msg|>",
}

local function form(spec)
  if type(spec) == "string" then
    return { call = spec }
  end
  return { call = spec[1], section = spec.section, param = spec.param, where = spec.where, typed = spec.typed,
    strict = spec.strict, quote = spec.quote, tags = spec.tags, cdata = spec.cdata, lines = spec.lines,
    wrapped = spec.wrapped,
    named = spec.named, arguments = spec.arguments }
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
    grammar = assert(dialect.compile({ families = families, reasoning = REASONING, drop = DROP }))
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

-- The prompt of Functionary 3.2 ends with the mark of the first call, or of what is said to all.
local function begun(pieces, name)
  local text = name == "functionary" and table.concat(pieces) or ""
  local is_bare = text:find("^all\n") or text:find("^[%w_.-]+\n%s*{")
  return is_bare and table.move(pieces, 1, #pieces, 2, { ">>>" }) or pieces
end

---The calls in a model's text.
---@param pieces string[] the text as it came
---@param options {dialect: string?, tools: table[]?}? dialect nil or "auto": whichever matches first
---@return {dialect: string?, content: string, reasoning: string,
---  calls: {name: string, arguments: string, state: string}[], thought: integer, faults: DialectFaults}|nil
---@return Error|nil
function M.read(pieces, options)
  options = options or {}
  local wanted = options.dialect ~= "auto" and options.dialect or nil
  local name = wanted and M.named(wanted)
  if wanted and not name then
    return nil, errors.new("ERR_NOT_FOUND", "no dialect is called " .. wanted,
      "one of " .. table.concat(M.families(), ", "))
  end
  return errors.check(compiled():read(begun(pieces, name), { family = name, tools = options.tools }))
end

return M
