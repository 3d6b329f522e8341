-- names.lua: what inference servers call their parsers.

return {
  vllm = {
    "apertus", "cohere_command3", "cohere_command4", "deepseek_v3", "deepseek_v31", "deepseek_v32",
    "deepseek_v4", "ernie45",
    "functiongemma", "gemma4", "gigachat3", "glm45", "glm47", "granite", "granite-20b-fc", "granite4",
    "hermes", "hunyuan_a13b", "hy_v3",
    "inkling", "internlm", "jamba", "kimi_k2", "kimi_k3", "lfm2", "llama3_json", "llama4_json",
    "llama4_pythonic", "longcat", "mimo",
    "minicpm5", "minimax", "minimax_m2", "minimax_m3", "mistral", "nemotron_json", "olmo3", "openai",
    "phi4_mini_json", "poolside_v1", "pythonic",
    "qwen3_coder", "qwen3_xml", "seed_oss", "solar_open2", "step3", "step3p5", "xlam",
  },
  sglang = {
    "apertus2509", "cohere_command4", "deepseekv3", "deepseekv31", "deepseekv32", "deepseekv4", "dots",
    "gemma4", "gigachat3",
    "gigachat35", "glm", "glm45", "glm47", "gpt-oss", "hermes", "hunyuan", "inkling", "interns1",
    "k2_horizon", "kimi_k2", "kimi_k3",
    "lfm2", "ling3", "llama3", "mimo", "minicpm5", "minimax-m2", "minimax-m3", "mistral", "muse",
    "poolside_v1", "pythonic", "qwen", "qwen25",
    "qwen3_coder", "spark25", "step3", "step3p5", "trinity",
  },
  ["llama.cpp"] = {
    "Apertus", "Apriel 1.5", "Command R7B", "DeepSeek R1", "DeepSeek V3.1", "EXAONE MoE", "FireFunction v2",
    "Function Gemma",
    "Functionary v3.1 Llama 3.1", "Functionary v3.2", "Generic", "GLM 4.5", "GPT-OSS", "Granite",
    "Hermes 2 Pro", "Kimi K2",
    "LFM2 with JSON tools", "Llama 3.x", "Llama 3.x with builtin tools", "Magistral", "MiniMax-M2",
    "Mistral Nemo", "Nemotron V2",
    "Nemotron V3", "Qwen3 Coder", "Seed-OSS", "Solar Open", "Xiaomi MiMo",
  },
  ollama = {
    "apertus15", "bailing", "cogito", "cohere", "commandr", "deepseek", "deepseek3", "functiongemma",
    "gemma4", "gemma4-no-thinking", "glimmer", "glm-4.7",
    "glm46", "glm52", "glm-ocr", "harmony", "intellect3", "kolibri1", "laguna", "lfm2", "lfm2-thinking",
    "longcatflash", "minicpm5", "minimaxm2",
    "ministral", "nemotron-3-nano", "nemotron-3.5-nano", "olmo3", "olmo3-think", "qwen3", "qwen3-coder",
    "qwen3-thinking", "qwen3-vl-instruct",
    "qwen3-vl-thinking", "qwen3.5", "ornith",
  },
}
