-- vectors.lua: two calls as each family's chat template (or the parser that is named) has them: get_weather
-- {city = "Paris", n = 3}, then search {q = 'say "hi" {x} </b>'}.
--   from    the model and what of it was taken
--   style   how a string stands there: "json", "python" (in single quotes), "raw" (as it is), or "mark:" and
--           the mark on both sides of it. So the second call's string can be put in place of another.
--   close   the mark that ends a call; it may stand inside a string all the same
--   named   the family has to be named, since another takes such a text

return {
  { family = "hermes", style = "json", close = "</tool_call>",
    from = "NousResearch/Hermes-2-Pro-Llama-3-8B, Qwen/Qwen2.5-7B-Instruct: chat_template, the turn with tool_calls",
    text = [[Sure.
<tool_call>
{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}
</tool_call>
<tool_call>
{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}
</tool_call>]] },
  { family = "qwen3-coder", style = "raw", close = "</function>",
    from = "Qwen/Qwen3-Coder-30B-A3B-Instruct: chat_template, <function=…> with <parameter=…>",
    text = [[<tool_call>
<function=get_weather>
<parameter=city>
Paris
</parameter>
<parameter=n>
3
</parameter>
</function>
</tool_call>
<tool_call>
<function=search>
<parameter=q>
say "hi" {x} </b>
</parameter>
</function>
</tool_call>]] },
  { family = "glm45", style = "raw", close = "</tool_call>",
    from = "zai-org/GLM-4.5: chat_template, arg_key and arg_value",
    text = [[<tool_call>get_weather
<arg_key>city</arg_key>
<arg_value>Paris</arg_value>
<arg_key>n</arg_key>
<arg_value>3</arg_value>
</tool_call>
<tool_call>search
<arg_key>q</arg_key>
<arg_value>say "hi" {x} </b></arg_value>
</tool_call>]] },
  { family = "functionary", style = "json", close = "</function>",
    from = "meetkai/functionary-small-v3.1: chat_template, <function=…>",
    text = [[<function=get_weather>{"city": "Paris", "n": 3}</function><function=search>{"q": "say \"hi\" {x} </b>"}</function>]] },
  { family = "functionary", style = "json", close = ">>>f",
    from = "meetkai/functionary-small-v3.2: chat_template, >>>name and a line of JSON",
    text = [[>>>get_weather
{"city": "Paris", "n": 3}
>>>search
{"q": "say \"hi\" {x} </b>"}]] },
  { family = "llama3", style = "json", close = "<|eom_id|>",
    from = "meta-llama/Llama-3.1-8B-Instruct: chat_template, <|python_tag|>",
    text = [[<|python_tag|>{"name": "get_weather", "parameters": {"city": "Paris", "n": 3}}; {"name": "search", "parameters": {"q": "say \"hi\" {x} </b>"}}<|eom_id|>]] },
  { family = "pythonic", style = "python", close = ")]",
    from = "meta-llama/Llama-3.2-3B-Instruct: prompt format, list of calls",
    text = [=[[get_weather(city="Paris", n=3), search(q='say "hi" {x} </b>')]]=] },
  { family = "pythonic", style = "python", close = "<|python_end|>",
    from = "meta-llama/Llama-4-Scout-17B-16E-Instruct: chat_template, <|python_start|>",
    text = [[<|python_start|>[get_weather(city="Paris", n=3), search(q='say "hi" {x} </b>')]<|python_end|>]] },
  { family = "mistral", style = "json", close = "[TOOL_CALLS]",
    from = "mistralai/Mistral-7B-Instruct-v0.3: chat_template, [TOOL_CALLS] with a list",
    text = [=[[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}, {"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}]]=] },
  { family = "mistral", style = "json", close = "[TOOL_CALLS]",
    from = "mistralai/Mistral-Small-3.2-24B-Instruct-2506: tokenizer v11, [CALL_ID] and [ARGS]",
    text = [[[TOOL_CALLS]get_weather[ARGS]{"city": "Paris", "n": 3}[TOOL_CALLS]search[CALL_ID]abc123def[ARGS]{"q": "say \"hi\" {x} </b>"}]] },
  { family = "deepseek-v3", style = "json", close = "<｜tool▁call▁end｜>",
    from = "deepseek-ai/DeepSeek-R1-0528: chat_template, function<｜tool▁sep｜> and fenced JSON",
    text = [[<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather
```json
{"city": "Paris", "n": 3}
```<｜tool▁call▁end｜>
<｜tool▁call▁begin｜>function<｜tool▁sep｜>search
```json
{"q": "say \"hi\" {x} </b>"}
```<｜tool▁call▁end｜><｜tool▁calls▁end｜>]] },
  { family = "deepseek-v31", style = "json", close = "<｜tool▁call▁end｜>",
    from = "deepseek-ai/DeepSeek-V3.1: chat_template, name<｜tool▁sep｜>JSON",
    text = [[<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Paris", "n": 3}<｜tool▁call▁end｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{"q": "say \"hi\" {x} </b>"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>]] },
  { family = "deepseek-v32", style = "raw", close = "</｜DSML｜invoke>",
    from = "deepseek-ai/DeepSeek-V3.2: encoding of tool calls, DSML",
    text = [[<｜DSML｜function_calls>
<｜DSML｜invoke name="get_weather">
<｜DSML｜parameter name="city" string="true">Paris</｜DSML｜parameter>
<｜DSML｜parameter name="n" string="false">3</｜DSML｜parameter>
</｜DSML｜invoke>
<｜DSML｜invoke name="search">
<｜DSML｜parameter name="q" string="true">say "hi" {x} </b></｜DSML｜parameter>
</｜DSML｜invoke>
</｜DSML｜function_calls>]] },
  { family = "step3", style = "raw", close = "</steptml:invoke>",
    from = "stepfun-ai/step3: chat_template, steptml",
    text = [[<｜tool_calls_begin｜>
<｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name="get_weather">
<steptml:parameter name="city">Paris</steptml:parameter>
<steptml:parameter name="n">3</steptml:parameter>
</steptml:invoke><｜tool_call_end｜>
<｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name="search">
<steptml:parameter name="q">say "hi" {x} </b></steptml:parameter>
</steptml:invoke><｜tool_call_end｜>
<｜tool_calls_end｜>]] },
  { family = "phi4", style = "json", close = "]",
    from = "fireworks-ai/llama-3-firefunction-v2, microsoft/Phi-4-mini-instruct: functools",
    text = [=[functools[{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}, {"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}]]=] },
  { family = "granite", style = "json", close = "<|tool_call|>",
    from = "ibm-granite/granite-3.1-8b-instruct: chat_template, <|tool_call|> and a list",
    text = [=[<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}, {"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}]]=] },
  { family = "jamba", style = "json", close = "</tool_calls>",
    from = "ai21labs/AI21-Jamba-1.5-Mini: chat_template, <tool_calls> and a list",
    text = [[<tool_calls>[
 {"name": "get_weather", "arguments": {"city": "Paris", "n": 3}},
 {"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}
]</tool_calls>]] },
  { family = "jamba", style = "json", close = "</tool_calls>",
    from = "MiniMaxAI/MiniMax-M1-40k: chat_template, <tool_calls> and a line for each",
    text = [[<tool_calls>
{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}
{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}
</tool_calls>]] },
  { family = "internlm", style = "json", close = "<|action_end|>",
    from = "internlm/internlm2_5-7b-chat: chat format, <|plugin|>",
    text = [[<|action_start|><|plugin|>
{"name": "get_weather", "parameters": {"city": "Paris", "n": 3}}<|action_end|><|action_start|><|plugin|>
{"name": "search", "parameters": {"q": "say \"hi\" {x} </b>"}}<|action_end|>]] },
  { family = "command-r", style = "json", close = "```",
    from = "CohereForAI/c4ai-command-r-v01: chat_template tool_use, Action",
    text = [[Action: ```json
[
    {
        "tool_name": "get_weather",
        "parameters": {"city": "Paris", "n": 3}
    },
 {"tool_name": "search", "parameters": {"q": "say \"hi\" {x} </b>"}}
]```]] },
  { family = "command-r", style = "json", close = "<|END_ACTION|>",
    from = "CohereForAI/c4ai-command-r7b-12-2024: chat_template tool_use, <|START_ACTION|>",
    text = [[<|START_THINKING|>hm<|END_THINKING|><|START_ACTION|>[
    {"tool_call_id": "0", "tool_name": "get_weather", "parameters": {"city": "Paris", "n": 3}},
    {"tool_call_id": "1", "tool_name": "search", "parameters": {"q": "say \"hi\" {x} </b>"}}
]<|END_ACTION|>]] },
  { family = "kimi-k2", style = "json", close = "<|tool_call_end|>",
    from = "moonshotai/Kimi-K2-Instruct: chat_template, functions.name:index",
    text = [[<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{"city": "Paris", "n": 3}<|tool_call_end|><|tool_call_begin|>functions.search:1<|tool_call_argument_begin|>{"q": "say \"hi\" {x} </b>"}<|tool_call_end|><|tool_calls_section_end|>]] },
  { family = "gpt-oss", style = "json", close = "<|call|>",
    from = "openai/gpt-oss-20b: chat_template, commentary channel",
    text = [[<|channel|>analysis<|message|>think<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Paris", "n": 3}<|call|><|start|>assistant<|channel|>commentary to=functions.search <|constrain|>json<|message|>{"q": "say \"hi\" {x} </b>"}<|call|>]] },
  { family = "gemma", style = "python", close = "```",
    from = "google/gemma-3-27b-it: function calling guide, tool_code",
    text = [[```tool_code
get_weather(city="Paris", n=3)
search(q='say "hi" {x} </b>')
```]] },
  { family = "lfm2", style = "python", close = "<|tool_call_end|>",
    from = "LiquidAI/LFM2-1.2B: chat_template, list of calls",
    text = [[<|tool_call_start|>[get_weather(city="Paris", n=3), search(q='say "hi" {x} </b>')]<|tool_call_end|>]] },
  { family = "olmo3", style = "python", close = "</function_calls>",
    from = "allenai/Olmo-3-7B-Instruct: chat_template, <function_calls>",
    text = [[<function_calls>
get_weather(city="Paris", n=3)
search(q='say "hi" {x} </b>')
</function_calls>]] },
  { family = "minimax-m2", style = "raw", close = "</invoke>",
    from = "MiniMaxAI/MiniMax-M2: chat_template, <minimax:tool_call>",
    text = [[<minimax:tool_call>
<invoke name="get_weather">
<parameter name="city">Paris</parameter>
<parameter name="n">3</parameter>
</invoke>
<invoke name="search">
<parameter name="q">say "hi" {x} </b></parameter>
</invoke>
</minimax:tool_call>]] },
  { family = "minimax-m3", style = "raw", close = "]<]minimax[>[</invoke>",
    from = "vLLM, minimax_m3: parameters as tags behind the namespace mark",
    text = [==[Look.
]<]minimax[>[<tool_call>
]<]minimax[>[<invoke name="get_weather">]<]minimax[>[<city>Paris]<]minimax[>[</city>]<]minimax[>[<n>3]<]minimax[>[</n>]<]minimax[>[</invoke>
]<]minimax[>[<invoke name="search">]<]minimax[>[<q>say "hi" {x} </b>]<]minimax[>[</q>]<]minimax[>[</invoke>
]<]minimax[>[</tool_call>]==] },
  { family = "seed-oss", style = "raw", close = "</function>",
    from = "ByteDance-Seed/Seed-OSS-36B-Instruct: chat_template, <seed:tool_call>",
    text = [[<seed:think>x</seed:think><seed:tool_call>
<function=get_weather>
<parameter=city>Paris</parameter>
<parameter=n>3</parameter>
</function>
<function=search>
<parameter=q>say "hi" {x} </b></parameter>
</function>
</seed:tool_call>]] },
  { family = "gemma4", style = "mark:<|\"|>", close = "<tool_call|>",
    from = "llama.cpp, google-gemma-4-31B-it.jinja: calls behind content",
    text = [[Let me see.<|tool_call>call:get_weather{city:<|"|>Paris<|"|>,n:3}<tool_call|><|tool_call>call:search{q:<|"|>say "hi" {x} </b><|"|>}<tool_call|>]] },
  { family = "functiongemma", style = "mark:<escape>", close = "<end_function_call>",
    from = "Ollama, functiongemma: calls behind and around content",
    text = [[Let me see.<start_function_call>call:get_weather{city:<escape>Paris<escape>,n:3}<end_function_call>And so.<start_function_call>call:search{q:<escape>say "hi" {x} </b><escape>}<end_function_call>]] },
  { family = "minimax-m2", style = "raw", close = "</invoke>",
    from = "llama.cpp, MiniMax-M2.jinja: behind a thought that the prompt has begun",
    text = [[I look.
</think>

<minimax:tool_call>
<invoke name="get_weather">
<parameter name="city">Paris</parameter>
<parameter name="n">3</parameter>
</invoke>
<invoke name="search">
<parameter name="q">say "hi" {x} </b></parameter>
</invoke>
</minimax:tool_call>]] },
  { family = "minimax-m3", style = "raw", close = "]<]minimax[>[</tool_call>",
    from = "llama.cpp, MiniMax-M3.jinja: behind a thought and content",
    text = [==[<mm:think>I look.</mm:think>Let me see.]<]minimax[>[<tool_call>
]<]minimax[>[<invoke name="get_weather">]<]minimax[>[<city>Paris]<]minimax[>[</city>]<]minimax[>[<n>3]<]minimax[>[</n>]<]minimax[>[</invoke>
]<]minimax[>[<invoke name="search">]<]minimax[>[<q>say "hi" {x} </b>]<]minimax[>[</q>]<]minimax[>[</invoke>
]<]minimax[>[</tool_call>]==] },
  { family = "seed-oss", style = "raw", close = "</function>",
    from = "ByteDance-Seed/Seed-OSS-36B-Instruct: chat_template, behind content, a section for each call",
    text = [[<seed:think>I look.</seed:think>
Let me see.

<seed:tool_call>
<function=get_weather>
<parameter=city>Paris</parameter>
<parameter=n>3</parameter>
</function>
</seed:tool_call>
<seed:tool_call>
<function=search>
<parameter=q>say "hi" {x} </b></parameter>
</function>
</seed:tool_call>]] },
  { family = "step3", style = "raw", close = "</steptml:invoke>",
    from = "vLLM, step3: <｜tool_sep｜> between calls",
    text = [[<｜tool_calls_begin｜><｜tool_call_begin｜><steptml:invoke name="get_weather"><steptml:parameter name="city">Paris</steptml:parameter><steptml:parameter name="n">3</steptml:parameter></steptml:invoke><｜tool_call_end｜><｜tool_sep｜><｜tool_call_begin｜><steptml:invoke name="search"><steptml:parameter name="q">say "hi" {x} </b></steptml:parameter></steptml:invoke><｜tool_call_end｜><｜tool_calls_end｜>]] },
  { family = "olmo3", style = "python", close = "</function_calls>",
    from = "Ollama, olmo3: behind content, a line for each call",
    text = [[Let me see.<function_calls>get_weather(city="Paris", n=3)
search(q='say "hi" {x} </b>')</function_calls>]] },
  { family = "nemotron", style = "json", close = "</TOOLCALL>",
    from = "nvidia/Llama-3_3-Nemotron-Super-49B-v1_5: chat_template, behind content",
    text = [[Let me see.<TOOLCALL>[{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}, {"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}]</TOOLCALL><|eot_id|>]] },
  { family = "apertus", style = "json", close = "<|tools_suffix|>",
    from = "vLLM, apertus: behind content",
    text = [[Let me see. <|tools_prefix|>[{"get_weather": {"city": "Paris", "n": 3}}, {"search": {"q": "say \"hi\" {x} </b>"}}]<|tools_suffix|>]] },
  { family = "muse", style = "raw", close = "</atem:invoke>",
    from = "llama.cpp, muse-glimmer.jinja: the answer's message, then the call's",
    text = [[ to=user<|message|>Let me see.<|eom|><|start|>assistant to=get_weather<|message|><atem:function_calls>
<atem:invoke name="get_weather">
<atem:parameter name="city">Paris</atem:parameter>
<atem:parameter name="n">3</atem:parameter>
</atem:invoke>
<atem:invoke name="search">
<atem:parameter name="q">say "hi" {x} </b></atem:parameter>
</atem:invoke>
</atem:function_calls>]] },
  { family = "kimi-k3", style = "raw", close = "<|close|>call<|sep|>",
    from = "llama.cpp, Kimi-K3.jinja: behind a thought that the prompt has begun, and a response",
    text = [[I look.<|close|>think<|sep|><|open|>response<|sep|>Let me see.<|close|>response<|sep|><|open|>tools<|sep|><|open|>call tool="get_weather" index="1"<|sep|><|open|>argument key="city" type="string"<|sep|>Paris<|close|>argument<|sep|><|open|>argument key="n" type="number"<|sep|>3<|close|>argument<|sep|><|close|>call<|sep|><|open|>call tool="search" index="2"<|sep|><|open|>argument key="q" type="string"<|sep|>say "hi" {x} </b><|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|><|close|>message<|sep|><|end_of_msg|>]] },
  { family = "kimi-k3", style = "json", close = "<|close|>json<|sep|>",
    from = "llama.cpp, Kimi-K3.jinja: the arguments as one block of JSON",
    text = [[<|open|>tools<|sep|><|open|>call tool="get_weather" index="1"<|sep|><|open|>json type="object"<|sep|>{"city": "Paris", "n": 3}<|close|>json<|sep|><|close|>call<|sep|><|open|>call tool="search" index="2"<|sep|><|open|>json type="object"<|sep|>{"q": "say \"hi\" {x} </b>"}<|close|>json<|sep|><|close|>call<|sep|><|close|>tools<|sep|>]] },
  { family = "longcat", style = "json", close = "</longcat_tool_call>",
    from = "vLLM, longcat: behind content",
    text = [[Let me see.
<longcat_tool_call>{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}</longcat_tool_call>
<longcat_tool_call>{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}</longcat_tool_call>]] },
  { family = "nemotron", style = "json", close = "</TOOLCALL>",
    from = "nvidia/NVIDIA-Nemotron-Nano-9B-v2: chat_template, <TOOLCALL>",
    text = [[<TOOLCALL>[{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}, {"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}]</TOOLCALL>]] },
  { family = "json", style = "json", close = "```",
    from = "prose with a JSON object, then a fence",
    text = [[I will call {"tool": "get_weather", "args": {"city": "Paris", "n": 3}} and then
```json
{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}
```]] },
  { family = "json", style = "json", close = "]}",
    from = "ggml-org/llama.cpp: the generic format, tool_calls as OpenAI has them",
    text = [[{"tool_calls":[{"function":{"name": "get_weather", "arguments": "{\"city\": \"Paris\", \"n\": 3}"}}, {"type":"function","function":{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}}]}]] },
  { family = "hermes", style = "json", close = "</tool_call>",
    from = "LGAI-EXAONE/EXAONE-4.0-32B, baidu/ERNIE-4.5-21B-A3B-Thinking: chat_template, several turns of <tool_call> behind a thought",
    text = [[<think>
I look.
</think>

<tool_call>
{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}
</tool_call>

<tool_call>
{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}
</tool_call>
]] },
  { family = "hermes", style = "json", close = "</tool_call>",
    from = "ibm-granite/granite-4.0-h-tiny: chat_template, behind content",
    text = [[Let me see.
<tool_call>
{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}
</tool_call>
<tool_call>
{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}
</tool_call><|end_of_text|>]] },
  { family = "qwen3-coder", style = "raw", close = "</function>",
    from = "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B, stepfun-ai/Step-3.5-Flash: chat_template; the opening <tool_call> left out, as they do",
    text = [[<function=get_weather>
<parameter=city>
Paris
</parameter>
<parameter=n>
3
</parameter>
</function>
</tool_call>
<function=search>
<parameter=q>
say "hi" {x} </b>
</parameter>
</function>
</tool_call>
]] },
  { family = "glm45", style = "raw", close = "</tool_call>",
    from = "zai-org/GLM-4.7: chat_template, without line ends",
    text = [[<tool_call>get_weather<arg_key>city</arg_key><arg_value>Paris</arg_value><arg_key>n</arg_key><arg_value>3</arg_value></tool_call><tool_call>search<arg_key>q</arg_key><arg_value>say "hi" {x} </b></arg_value></tool_call>]] },
  { family = "glm45", style = "raw", close = "</tool_call>",
    from = "zai-org/GLM-4.5: a line for each value, as the parsers poolside_v1 and ling3 read it",
    text = [[<tool_call>get_weather
<arg_key>city</arg_key>
<arg_value>Paris</arg_value>
<arg_key>n</arg_key>
<arg_value>3</arg_value>
</tool_call>
<tool_call>search
<arg_key>q</arg_key>
<arg_value>say "hi" {x} </b></arg_value>
</tool_call>
]] },
  { family = "functionary", style = "json", close = "<|stop|>",
    from = "meetkai/functionary-small-v2.4: chat_template, recipients",
    text = [[<|from|>assistant
<|recipient|>get_weather
<|content|>{"city": "Paris", "n": 3}<|stop|>
<|from|>assistant
<|recipient|>search
<|content|>{"q": "say \"hi\" {x} </b>"}<|stop|>
]] },
  { family = "llama3", style = "python", close = "<|eom_id|>",
    from = "meta-llama/Llama-3.1-8B-Instruct: built-in tools, name.call(…)",
    text = [[<|python_tag|>get_weather.call(city="Paris", n=3); search.call(q='say "hi" {x} </b>')<|eom_id|>]] },
  { family = "mistral", style = "json", close = "[TOOL_CALLS]",
    from = "mistralai/Ministral-3-8B-Instruct-2512, Magistral-Small-2509: chat_template, [ARGS] behind a thought",
    text = [[[THINK]hm[/THINK][TOOL_CALLS]get_weather[ARGS]{"city": "Paris", "n": 3}[TOOL_CALLS]search[ARGS]{"q": "say \"hi\" {x} </b>"}</s>]] },
  { family = "mistral", style = "json", close = "[TOOL_CALLS]",
    from = "mistralai/Mistral-Small-3.1-24B-Instruct-2503: tokenizer v11 without [ARGS]",
    text = [[[TOOL_CALLS]get_weather{"city": "Paris", "n": 3}[TOOL_CALLS]search{"q": "say \"hi\" {x} </b>"}]] },
  { family = "deepseek-v3", style = "json", close = "<｜tool▁call▁end｜>",
    from = "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B: chat_template; the section mark as the distilled models spell it, and calls without their own",
    text = [[<｜tool_calls_begin｜>function<｜tool▁sep｜>get_weather
```json
{"city": "Paris", "n": 3}
```
function<｜tool▁sep｜>search
```json
{"q": "say \"hi\" {x} </b>"}
```
<｜tool▁calls▁end｜>]] },
  { family = "deepseek-v31", style = "json", close = "<｜tool▁call▁end｜>",
    from = "deepseek-ai/DeepSeek-V3.1: chat_template; the section left out",
    text = [[<｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Paris", "n": 3}<｜tool▁call▁end｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{"q": "say \"hi\" {x} </b>"}<｜tool▁call▁end｜>]] },
  { family = "deepseek-v32", style = "raw", close = "</｜DSML｜invoke>",
    from = "vLLM, deepseek_v4: DSML in tool_calls",
    text = [[<｜DSML｜tool_calls>
<｜DSML｜invoke name="get_weather">
<｜DSML｜parameter name="city" string="true">Paris</｜DSML｜parameter>
<｜DSML｜parameter name="n" string="false">3</｜DSML｜parameter>
</｜DSML｜invoke>
<｜DSML｜invoke name="search">
<｜DSML｜parameter name="q" string="true">say "hi" {x} </b></｜DSML｜parameter>
</｜DSML｜invoke>
</｜DSML｜tool_calls>]] },
  { family = "deepseek-v32", style = "json", close = "</｜DSML｜invoke>",
    from = "deepseek-ai/DeepSeek-V3.2: DSML whose invoke holds JSON",
    text = [[<｜DSML｜function_calls>
<｜DSML｜invoke name="get_weather">
{"city": "Paris", "n": 3}
</｜DSML｜invoke>
<｜DSML｜invoke name="search">
{"q": "say \"hi\" {x} </b>"}
</｜DSML｜invoke>
</｜DSML｜function_calls>]] },
  { family = "gigachat", style = "json", close = "<|message_sep|>",
    from = "ai-sage/GigaChat3-10B-A1.8B: chat_template, function call<|role_sep|>",
    text = [[function call<|role_sep|>
{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}<|message_sep|>function call<|role_sep|>
{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}</s>]] },
  { family = "gigachat", style = "json", close = "<|message_sep|>",
    from = "vLLM, gigachat3: <|function_call|>",
    text = [[Look.<|message_sep|><|function_call|>{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}<|function_call|>{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}]] },
  { family = "gigachat35", style = "raw", close = "</｜GCML｜invoke>",
    from = "SGLang, gigachat35: GCML",
    text = [[<｜GCML｜tool_calls>
<｜GCML｜invoke name="get_weather">
<｜GCML｜parameter name="city" string="true">Paris</｜GCML｜parameter>
<｜GCML｜parameter name="n" string="false">3</｜GCML｜parameter>
</｜GCML｜invoke>
<｜GCML｜invoke name="search">
<｜GCML｜parameter name="q" string="true">say "hi" {x} </b></｜GCML｜parameter>
</｜GCML｜invoke>
</｜GCML｜tool_calls>]] },
  { family = "phi4", style = "json", close = "<|/tool_call|>",
    from = "microsoft/Phi-4-mini-instruct: chat_template, <|tool_call|>",
    text = [[<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}, {"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}]<|/tool_call|>]] },
  { family = "granite", style = "json", close = "<function_call>",
    from = "ibm-granite/granite-20b-functioncalling: model card, <function_call>",
    text = [[<function_call> {"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}<function_call> {"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}]] },
  { family = "hunyuan-v3", style = "raw", close = "</tool_call>",
    from = "vLLM, hy_v3: <tool_sep>",
    text = [[<tool_calls>
<tool_call>get_weather<tool_sep>
<arg_key>city</arg_key>
<arg_value>Paris</arg_value>
<arg_key>n</arg_key>
<arg_value>3</arg_value>
</tool_call>
<tool_call>search<tool_sep>
<arg_key>q</arg_key>
<arg_value>say "hi" {x} </b></arg_value>
</tool_call>
</tool_calls>]] },
  { family = "jamba", style = "json", close = "</tool_calls>",
    from = "tencent/Hunyuan-A13B-Instruct: chat_template, a list behind a thought",
    text = [[<think>x</think><tool_calls>[{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}},{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}]</tool_calls>]] },
  { family = "jamba", style = "json", close = "</tool_calls>",
    from = "ServiceNow-AI/Apriel-1.5-15b-Thinker: chat_template",
    text = [[<tool_calls>[{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}, {"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}]</tool_calls>]] },
  { family = "internlm", style = "json", close = "<|action_end|>",
    from = "internlm/Intern-S1: chat_template, <|plugin|> on one line",
    text = [[<|action_start|> <|plugin|>{"name": "get_weather", "parameters": {"city": "Paris", "n": 3}}<|action_end|><|action_start|> <|plugin|>{"name": "search", "parameters": {"q": "say \"hi\" {x} </b>"}}<|action_end|>]] },
  { family = "kimi-k2", style = "json", close = "<|tool_call_end|>",
    from = "moonshotai/Kimi-K2-Thinking: chat_template; the section left out",
    text = [[<|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{"city": "Paris", "n": 3}<|tool_call_end|><|tool_call_begin|>functions.search:0<|tool_call_argument_begin|>{"q": "say \"hi\" {x} </b>"}<|tool_call_end|>]] },
  { family = "kimi-k2", style = "json", close = "<|tool_call_end|>",
    from = "moonshotai/Kimi-K2-Instruct-0905: chat_template; the section in the singular",
    text = [[<|tool_call_section_begin|><|tool_call_begin|>functions.get_weather:0 <|tool_call_argument_begin|> {"city": "Paris", "n": 3} <|tool_call_end|><|tool_call_begin|>functions.search:0 <|tool_call_argument_begin|> {"q": "say \"hi\" {x} </b>"} <|tool_call_end|><|tool_call_section_end|>]] },
  { family = "kimi-k3", style = "raw", close = "<|close|>call<|sep|>",
    from = "vLLM, kimi_k3: channels",
    text = [[<|open|>tools<|sep|><|open|>call tool="get_weather" index="0"<|sep|><|open|>argument key="city" type="string"<|sep|>Paris<|close|>argument<|sep|><|open|>argument key="n" type="integer"<|sep|>3<|close|>argument<|sep|><|close|>call<|sep|><|open|>call tool="search" index="0"<|sep|><|open|>argument key="q" type="string"<|sep|>say "hi" {x} </b><|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>]] },
  { family = "gpt-oss", style = "json", close = "<|call|>",
    from = "openai/gpt-oss-20b: harmony format, the recipient before the channel",
    text = [[<|start|>assistant to=functions.get_weather<|channel|>commentary json<|message|>{"city": "Paris", "n": 3}<|call|><|start|>assistant to=functions.search<|channel|>commentary json<|message|>{"q": "say \"hi\" {x} </b>"}<|call|>]] },
  { family = "gemma", style = "python", close = "```",
    from = "google/gemma-3-27b-it: function calling guide, a list in tool_code",
    text = [[```tool_code
[get_weather(city="Paris", n=3), search(q='say "hi" {x} </b>')]
```]] },
  { family = "gemma4", style = "mark:<|\"|>", close = "<tool_call|>",
    from = "google/gemma-4-31B-it, as the parser gemma4 reads it: <|tool_call>",
    text = [[<|channel>thought
hm
<channel|><|tool_call>call:get_weather{city:<|"|>Paris<|"|>,n:3}<tool_call|><|tool_call>call:search{q:<|"|>say "hi" {x} </b><|"|>}<tool_call|>]] },
  { family = "functiongemma", style = "mark:<escape>", close = "<end_function_call>",
    from = "google/functiongemma-270m-it: chat_template, <escape>",
    text = [[<start_function_call>call:get_weather{city:<escape>Paris<escape>,n:3}<end_function_call><start_function_call>call:search{q:<escape>say "hi" {x} </b><escape>}<end_function_call>]] },
  { family = "lfm2", style = "json", close = "<|tool_call_end|>",
    from = "LiquidAI/LFM2-8B-A1B: chat_template with JSON",
    text = [[<|tool_call_start|>[{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}, {"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}]<|tool_call_end|>]] },
  { family = "invoke", style = "raw", close = "</invoke>",
    from = "the XML that models were told before they had calls, in <function_calls>",
    text = [[<function_calls>
<invoke name="get_weather">
<parameter name="city">Paris</parameter>
<parameter name="n">3</parameter>
</invoke>
<invoke name="search">
<parameter name="q">say "hi" {x} </b></parameter>
</invoke>
</function_calls>]] },
  { family = "dots", style = "raw", close = "</invoke>",
    from = "SGLang, dots: invoke",
    text = [[<dots_function_call>
<invoke name="get_weather">
<parameter name="city">Paris</parameter>
<parameter name="n">3</parameter>
</invoke>
<invoke name="search">
<parameter name="q">say "hi" {x} </b></parameter>
</invoke>
</dots_function_call>]] },
  { family = "dots", style = "json", close = "</dots_function_call>",
    from = "SGLang, dots: JSON",
    text = [[<dots_function_call>
{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}
</dots_function_call>
<dots_function_call>
{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}
</dots_function_call>
]] },
  { family = "muse", style = "raw", close = "</atem:invoke>",
    from = "SGLang, muse: atem blocks",
    text = [[<atem:function_calls>
<atem:invoke name="get_weather">
<atem:parameter name="city">Paris</atem:parameter>
<atem:parameter name="n">3</atem:parameter>
</atem:invoke>
<atem:invoke name="search">
<atem:parameter name="q">say "hi" {x} </b></atem:parameter>
</atem:invoke>
</atem:function_calls>]] },
  { family = "minicpm5", style = "raw", close = "</function>",
    from = "vLLM, minicpm5: <function name>",
    text = [[<function name="get_weather"><param name="city">Paris</param><param name="n">3</param></function>
<function name="search"><param name="q">say "hi" {x} </b></param></function>
]] },
  { family = "minicpm5", style = "raw", close = "</function>",
    from = "vLLM, minicpm5: values in CDATA",
    text = [=[<function name="get_weather"><param name="city"><![CDATA[Paris]]></param><param name="n"><![CDATA[3]]></param></function>
<function name="search"><param name="q"><![CDATA[say "hi" {x} </b>]]></param></function>
]=] },
  { family = "k2-horizon", style = "raw", close = "</ifm|tool_call>",
    from = "SGLang, k2_horizon: typed XML",
    text = [[<ifm|tool_calls><ifm|tool_call>get_weather
<ifm|arg_key>city</ifm|arg_key><ifm|arg_type>string</ifm|arg_type><ifm|arg_value>Paris</ifm|arg_value>
<ifm|arg_key>n</ifm|arg_key><ifm|arg_type>integer</ifm|arg_type><ifm|arg_value>3</ifm|arg_value>
</ifm|tool_call><ifm|tool_call>search
<ifm|arg_key>q</ifm|arg_key><ifm|arg_type>string</ifm|arg_type><ifm|arg_value>say "hi" {x} </b></ifm|arg_value>
</ifm|tool_call></ifm|tool_calls>]] },
  { family = "k2-horizon", style = "raw", close = "</ifm|tool_call>",
    from = "SGLang, k2_horizon: XML",
    text = [[<ifm|tool_call>get_weather
<ifm|arg_key>city</ifm|arg_key>
<ifm|arg_value>Paris</ifm|arg_value>
<ifm|arg_key>n</ifm|arg_key>
<ifm|arg_value>3</ifm|arg_value>
</ifm|tool_call><ifm|tool_call>search
<ifm|arg_key>q</ifm|arg_key>
<ifm|arg_value>say "hi" {x} </b></ifm|arg_value>
</ifm|tool_call>]] },
  { family = "k2-horizon", style = "json", close = "</ifm|tool_call>",
    from = "SGLang, k2_horizon: JSON",
    text = [[<ifm|tool_call>{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}</ifm|tool_call><ifm|tool_call>{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}</ifm|tool_call>]] },
  { family = "apertus", style = "json", close = "<|tools_suffix|>",
    from = "swiss-ai/Apertus-8B-Instruct-2509: chat_template, the name as the key",
    text = [[<|inner_prefix|>hm<|inner_suffix|><|tools_prefix|>[{"get_weather": {"city": "Paris", "n": 3}}, {"search": {"q": "say \"hi\" {x} </b>"}}]<|tools_suffix|>]] },
  { family = "inkling", style = "json", close = "<|end_message|>",
    from = "SGLang, inkling: invoke_tool_json",
    text = [[<|message_model|>get_weather<|content_invoke_tool_json|>{"name": "get_weather", "args": {"city": "Paris", "n": 3}}<|end_message|><|message_model|>search<|content_invoke_tool_json|>{"name": "search", "args": {"q": "say \"hi\" {x} </b>"}}<|end_message|>]] },
  { family = "longcat", style = "json", close = "</longcat_tool_call>",
    from = "meituan-longcat/LongCat-Flash-Chat: chat_template",
    text = [[<longcat_tool_call>
{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}
</longcat_tool_call>
<longcat_tool_call>
{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}
</longcat_tool_call>
]] },
  { family = "pangu", style = "json", close = "[unused12]",
    from = "vLLM, pangu: [unused11]",
    text = [=[[unused11][{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}, {"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}][unused12]]=] },
  { family = "solar", style = "json", close = "<|tool_call:end|>",
    from = "upstage/Solar-Open-100B: chat_template",
    text = [[<|tool_call:begin|>x1<|tool_call:name|>get_weather<|tool_call:args|>{"city": "Paris", "n": 3}<|tool_call:end|><|tool_call:begin|>x1<|tool_call:name|>search<|tool_call:args|>{"q": "say \"hi\" {x} </b>"}<|tool_call:end|>]] },
  { family = "solar-open2", style = "raw", close = "<|tool_call:end|>",
    from = "vLLM, solar_open2",
    text = [[<|tool_call:start|>get_weather
<|tool_arg:start|>city<|tool_arg:value|>Paris<|tool_arg:end|>
<|tool_arg:start|>n<|tool_arg:value|>3<|tool_arg:end|>
<|tool_call:end|>
<|tool_call:start|>search
<|tool_arg:start|>q<|tool_arg:value|>say "hi" {x} </b><|tool_arg:end|>
<|tool_call:end|>
]] },
  { family = "mcp-xml", style = "json", close = "</use_mcp_tool>",
    from = "miromind-ai/MiroThinker-v1.0-8B: chat_template",
    text = [[<use_mcp_tool>
<server_name>s</server_name>
<tool_name>get_weather</tool_name>
<arguments>
{"city": "Paris", "n": 3}
</arguments>
</use_mcp_tool>
<use_mcp_tool>
<server_name>s</server_name>
<tool_name>search</tool_name>
<arguments>
{"q": "say \"hi\" {x} </b>"}
</arguments>
</use_mcp_tool>
]] },
  { family = "json", style = "json", close = "</tool_call>",
    from = "Salesforce/xLAM-2-8b-fc-r: chat_template, a list behind a thought",
    text = [=[<think>hm</think>
[{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}, {"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}]]=] },
  { family = "react", style = "json", close = "Action:",
    from = "Qwen/Qwen-7B-Chat, react agents: Action and Action Input",
    text = [[Thought: I look.
Action: get_weather
Action Input: {"city": "Paris", "n": 3}
Action: search
Action Input: {"q": "say \"hi\" {x} </b>"}]] },
  { family = "llama3", named = true, style = "json", close = "<|eom_id|>",
    from = "meta-llama/Llama-3.1-8B-Instruct: chat_template, a bare object; two in a row",
    text = [[{"name": "get_weather", "parameters": {"city": "Paris", "n": 3}}; {"name": "search", "parameters": {"q": "say \"hi\" {x} </b>"}}]] },
  { family = "mimo", named = true, style = "json", close = "</tool_call>",
    from = "XiaomiMiMo/MiMo-7B-RL: chat_template",
    text = [[<tool_call>
{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}
</tool_call>
<tool_call>
{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}
</tool_call>]] },
  { family = "cogito", named = true, style = "json", close = "<｜tool▁call▁end｜>",
    from = "deepcogito/cogito-v2-preview-deepseek-671B-MoE: chat_template",
    text = [[<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather
```json
{"city": "Paris", "n": 3}
```<｜tool▁call▁end｜>
<｜tool▁call▁begin｜>function<｜tool▁sep｜>search
```json
{"q": "say \"hi\" {x} </b>"}
```<｜tool▁call▁end｜>
<｜tool▁calls▁end｜>]] },
  { family = "cogito", named = true, style = "json", close = "</tool_call>",
    from = "deepcogito/cogito-v1-preview-llama-8B: chat_template",
    text = [[<tool_call>
{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}
</tool_call>
<tool_call>
{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}
</tool_call>]] },
  { family = "minimax", named = true, style = "json", close = "</tool_calls>",
    from = "MiniMaxAI/MiniMax-M1-80k: function call guide; vLLM, minimax: a line for each call",
    text = [[<think>
I look.
</think>

<tool_calls>
{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}
{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}
</tool_calls>]] },
  { family = "minimax", named = true, style = "raw", close = "</invoke>",
    from = "MiniMaxAI/MiniMax-M2 under the name of M1's parser",
    text = [[<minimax:tool_call>
<invoke name="get_weather">
<parameter name="city">Paris</parameter>
<parameter name="n">3</parameter>
</invoke>
<invoke name="search">
<parameter name="q">say "hi" {x} </b></parameter>
</invoke>
</minimax:tool_call>]] },
  { family = "xlam", named = true, style = "json", close = "[TOOL_CALLS]",
    from = "Salesforce/xLAM-2-8b-fc-r: served with [TOOL_CALLS]",
    text = [=[[TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}, {"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}]]=] },
  { family = "xlam", named = true, style = "json", close = "</tool_call>",
    from = "Salesforce/Llama-xLAM-2-8b-fc-r: chat_template",
    text = [=[[{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}, {"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}]]=] },
  { family = "glm45", style = "json", close = "</tool_call>",
    from = "Ollama, laguna: a name on a line of its own and JSON",
    text = [[<tool_call>get_weather
{"city": "Paris", "n": 3}</tool_call>
<tool_call>search
{"q": "say \"hi\" {x} </b>"}</tool_call>]] },
  { family = "glm45", named = true, style = "json", close = "</tool_call>",
    from = "Ollama, laguna: JSON alone",
    text = [[I look.
{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}
{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}]] },
  { family = "glm45", named = true, style = "json", close = "</tool_call>",
    from = "Ollama, laguna: JSON between the marks",
    text = [[<tool_call>
{"name": "get_weather", "arguments": {"city": "Paris", "n": 3}}
</tool_call>
<tool_call>
{"name": "search", "arguments": {"q": "say \"hi\" {x} </b>"}}
</tool_call>]] },
  { family = "gemma4", named = true, style = "mark:<|\"|>", close = "<tool_call|>",
    from = "vLLM, gemma4_utils: without the marks",
    text = [[I look.
call:get_weather{city:<|"|>Paris<|"|>,n:3}
call:search{q:<|"|>say "hi" {x} </b><|"|>}]] },
  { family = "hunyuan-v3", style = "raw", close = "</tool_call:opensource>",
    from = "tencent/Hy3: chat_template, whose marks have a suffix",
    text = [[I look.</think:opensource><tool_calls:opensource>
<tool_call:opensource>get_weather<tool_sep:opensource>
<arg_key:opensource>city</arg_key:opensource>
<arg_value:opensource>Paris</arg_value:opensource>
<arg_key:opensource>n</arg_key:opensource>
<arg_value:opensource>3</arg_value:opensource>
</tool_call:opensource>
<tool_call:opensource>search<tool_sep:opensource>
<arg_key:opensource>q</arg_key:opensource>
<arg_value:opensource>say "hi" {x} </b></arg_value:opensource>
</tool_call:opensource>
</tool_calls:opensource>]] },
  { family = "hunyuan-v3", style = "raw", close = "</tool_call>",
    from = "SGLang, hunyuan: Hy4, without a separator",
    text = [[<tool_calls><tool_call>get_weather<arg_key>city</arg_key><arg_value>Paris</arg_value><arg_key>n</arg_key><arg_value>3</arg_value></tool_call>
<tool_call>search<arg_key>q</arg_key><arg_value>say "hi" {x} </b></arg_value></tool_call></tool_calls>]] },
  { family = "deepseek-v3", named = true, style = "json", close = "<｜tool▁call▁end｜>",
    from = "Ollama, deepseek3: as V3.1 writes them",
    text = [[I look.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Paris", "n": 3}<｜tool▁call▁end｜>]]
      .. [[<｜tool▁call▁begin｜>search<｜tool▁sep｜>{"q": "say \"hi\" {x} </b>"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>]] },
  { family = "deepseek-v32", style = "raw", close = "</｜DSML｜ invoke>",
    from = "SGLang, deepseekv41: with a blank in each mark",
    text = [[I look.

<｜DSML｜ calls>
<｜DSML｜ invoke name="get_weather">
<｜DSML｜ parameter name="city" string="true">Paris</｜DSML｜ parameter>
<｜DSML｜ parameter name="n" string="false">3</｜DSML｜ parameter>
</｜DSML｜ invoke>
<｜DSML｜ invoke name="search">
<｜DSML｜ parameter name="q" string="true">say "hi" {x} </b></｜DSML｜ parameter>
</｜DSML｜ invoke>
</｜DSML｜ calls>]] },
  { family = "gpt-oss", style = "json", close = "<|call|>",
    from = "SGLang, gpt-oss: a recipient without its namespace",
    text = [[<|channel|>commentary to=get_weather <|constrain|>json<|message|>{"city": "Paris", "n": 3}<|call|>]]
      .. [[<|start|>assistant<|channel|>commentary to=search <|constrain|>json<|message|>{"q": "say \"hi\" {x} </b>"}<|call|>]] },
}
