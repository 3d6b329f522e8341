-- recall_quality_spec.lua: how often the right row is among the first five, by words and by meaning. The rows
-- and questions are tests/recall/notes.txt: a note, a paraphrase of it, and which of their words mean the
-- same, which is what mock-llm's embedder knows; and rows between them that have words of the paraphrases and
-- say something else.

local cjson = require("cjson")
local world = dofile("tests/support/world.lua")

-- {note, paraphrase, synonyms} for each line.
local function topics()
  local list = {}
  for line in io.lines("tests/recall/notes.txt") do
    local note, paraphrase, same = line:match("^(.-)|(.-)|(.*)$")
    list[#list + 1] = { note = note, paraphrase = paraphrase, same = same }
  end
  return list
end

local function synonyms_of(list)
  local lines = {}
  for _, topic in ipairs(list) do
    for word, meaning in topic.same:gmatch("(%S+)=(%S+)") do
      lines[#lines + 1] = string.format("{ %q, %q }", meaning, word)
    end
  end
  return "synonyms = { " .. table.concat(lines, ", ") .. " }\n"
end

local function words_of(text)
  local words = {}
  for word in text:gmatch("%S+") do
    words[#words + 1] = #word > 3 and word or nil
  end
  return words
end

-- Three rows for each topic, of a word of its paraphrase and some of another note.
local function between(list)
  local rows = {}
  for i, topic in ipairs(list) do
    local own = words_of(topic.paraphrase)
    for n = 1, 3 do
      local other = words_of(list[(i + 7 * n - 1) % #list + 1].note)
      rows[#rows + 1] = table.concat({ own[n] or own[1] or "x", other[1] or "y", other[2] or "z",
        "in the case of", tostring(i * 10 + n) }, " ")
    end
  end
  return rows
end

local MAIN = world.orket.read("tests/support/recall_quality/orket/main.lua")

local function questions_of(list)
  local questions = {}
  for i, topic in ipairs(list) do
    local kind = i > 56 and "mixed" or "paraphrase"
    local words, others = words_of(topic.note), words_of(topic.paraphrase)
    questions[#questions + 1] = { kind = "mingled", row = topic.note,
      text = table.concat({ others[1] or "", words[#words], others[2] or "", others[#others] or "" }, " ") }
    questions[#questions + 1] = { kind = kind, text = topic.paraphrase, row = topic.note }
    questions[#questions + 1] = { kind = "exact", text = topic.note, row = topic.note }
    questions[#questions + 1] = { kind = "some words",
      text = table.concat({ words[1], words[2], words[#words] }, " "), row = topic.note }
  end
  return questions
end

-- Recall among the first five in per cent, by words and by meaning, for each kind of question.
local function ask(embed)
  local list = topics()
  local w <close> = world.new({ issues = { {} }, mock = synonyms_of(list) .. (embed or "")
    .. "function work() return say(finish()) end" })
  local config = cjson.decode(w:read("config/organization.json"))
  config.models.e = { base_url = w.url, model = "words" }
  config.process_rules.memory = { embedder = "e" }
  w:write("config/organization.json", cjson.encode(config))
  assert.equal(0, (select(2, w:orket("sync"))))
  local asked = { rows = between(list), questions = questions_of(list) }
  for i, topic in ipairs(list) do
    table.insert(asked.rows, i * 3, topic.note)
  end
  w:write(".test/asked.json", cjson.encode(asked))
  w:write(".quality/orket/main.lua", MAIN)
  local pipe = assert(io.popen(("ORKET_LUA=%s/.quality %s %s %s/.test/asked.json"):format(w.dir, world.binary,
    w.dir, w.dir)))
  local told = cjson.decode(pipe:read("a"))
  assert(pipe:close())
  local sums = {}
  for i, question in ipairs(asked.questions) do
    local sum = sums[question.kind] or { words = 0, meaning = 0, count = 0 }
    sums[question.kind] = sum
    sum.count = sum.count + 1
    sum.words, sum.meaning = sum.words + (told[i].words and 1 or 0),
      sum.meaning + (told[i].meaning and 1 or 0)
  end
  return sums, #asked.rows
end

local function percent(sum, way)
  return 100 * sum[way] / sum.count
end

describe("recall quality", function()
  it("recall among the first five is 15 points higher by meaning on paraphrases, and no lower on anything",
    function()
    local sums, rows = ask()
    assert.is_true(rows >= 200)
    assert.is_true(sums.paraphrase.count + sums.mixed.count >= 60)
    for kind, sum in pairs(sums) do
      assert.is_true(percent(sum, "meaning") >= percent(sum, "words"), kind)
    end
    for _, kind in ipairs({ "paraphrase", "mixed" }) do
      assert.is_true(percent(sums[kind], "meaning") >= percent(sums[kind], "words") + 15, kind)
    end
  end)

  it("recall among the first five is hardly lower than by words whatever an embedder says", function()
    for what, embed in pairs({
      ["that all is the same"] = [[function embed(texts) return { body = '{"data":[' .. ('{"embedding":[1,2]},'):rep(#texts - 1) .. '{"embedding":[1,2]}]}' } end]],
      ["something at random"] = [[
        function embed(texts)
          local seed, out = 1, {}
          for i, text in ipairs(texts) do
            for n = 1, #text do seed = (seed * 31 + text:byte(n)) % 2147483647 end
            local numbers = {}
            for n = 1, 64 do seed = (seed * 48271) % 2147483647; numbers[n] = ("%d"):format(seed % 2001 - 1000) end
            out[i] = '{"embedding":[' .. table.concat(numbers, ",") .. ']}'
          end
          return { body = '{"data":[' .. table.concat(out, ",") .. ']}' }
        end]],
    }) do
      local sums = ask(embed .. "\n")
      for _, kind in ipairs({ "exact", "some words" }) do
        assert.equal(percent(sums[kind], "words"), percent(sums[kind], "meaning"), what)
      end
      if what == "that all is the same" then
        assert.equal(percent(sums.paraphrase, "words"), percent(sums.paraphrase, "meaning"))
      end
    end
  end)
end)
