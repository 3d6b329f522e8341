-- file_list.lua: docs/files.md: every file of the code with the first sentence of its header comment. `make
-- docs` writes it; a spec fails when it is not what this program prints.

-- Outside a git tree (an unpacked archive) everything but what the build writes.
local LIST = "(git ls-files 2>/dev/null || find . -type f -not -path './build/*' -printf '%P\\n') | LC_ALL=C sort"

local CODE = { c = true, h = true, lua = true, sh = true, py = true, mjs = true, js = true, jsx = true }
local TOPS = { "core", "lua", "roles", "nodes", "tools", "web", "bench", "tests" }
local SENTENCE = 220 -- bytes

local HEAD = [[
# Every file of the code

`make docs` writes this page from the first sentence of each file; [tour.md](tour.md) says how the parts belong together.
]]

local function lines_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("a")
  pipe:close()
  return text:gmatch("[^\n]+")
end

-- The comment that begins a file, without its marks.
local function comment_of(path)
  local words, open = {}, false
  for line in io.lines(path) do
    local text = line:match("^%-%-+ ?(.*)$") or line:match("^/%*+ ?(.*)$") or line:match("^# ?(.*)$")
      or line:match("^// ?(.*)$")
      or open and line:match("^ %*? ?(.*)$")
    if not text then
      break
    end
    open = not text:find("%*/")
    words[#words + 1] = (text:gsub("%s*%*/.*$", ""))
  end
  return table.concat(words, " ")
end

-- Its first sentence, without the name of the file.
local function sentence_of(path)
  local comment = comment_of(path):gsub("^!.-%s", "")
  local name = path:match("[^/]*$"):gsub("%p", "%%%0")
  local text = comment:gsub("^" .. name .. ":%s*", ""):match("^(.-%.)%s")
    or comment:gsub("^" .. name .. ":%s*", "")
  text = text:gsub("%s+", " "):gsub("%.$", "")
  return #text <= SENTENCE and text or text:sub(1, utf8.offset(text, 0, SENTENCE) - 1) .. "…"
end

local function folders()
  local all, order = {}, {}
  for path in lines_of(LIST) do
    local folder, ending = path:match("^(.*)/"), path:match("%.(%w+)$")
    if folder and CODE[ending] then
      if not all[folder] then
        all[folder] = {}
        order[#order + 1] = folder
      end
      table.insert(all[folder], path)
    end
  end
  return all, order
end

local function print_folder(folder, paths)
  print("\n## `" .. folder .. "/`\n")
  for _, path in ipairs(paths) do
    local sentence = sentence_of(path)
    print("- `" .. path:match("[^/]*$") .. "`" .. (sentence ~= "" and ": " .. sentence or ""))
  end
end

local all, order = folders()
io.write(HEAD)
for _, top in ipairs(TOPS) do
  for _, folder in ipairs(order) do
    if folder == top or folder:sub(1, #top + 1) == top .. "/" then
      print_folder(folder, all[folder])
    end
  end
end
