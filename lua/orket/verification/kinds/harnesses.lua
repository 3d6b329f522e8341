-- harnesses.lua: programs of the engine's that run inside of a jail, as the text that their interpreter is
-- given. A harness is given inputs only. It keeps standard output for its answer: what the code under test
-- prints goes to standard error.

local M = {}

-- Loads a module of the tree and calls one function: {module, function, arguments} on standard input;
-- {returns}, {raises} or {error} as an answer. The system's modules are found before those of the tree.
M.python = [[
import json, os, sys, importlib.util
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
asked = json.load(sys.stdin)
def call():
    path = os.path.abspath(asked["module"])
    sys.path += [os.path.dirname(path), os.getcwd()]
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        target = module
        for part in asked["function"].split("."):
            target = getattr(target, part)
    except BaseException as e:
        return {"error": type(e).__name__ + ": " + str(e)}
    try:
        return {"returns": target(*asked["arguments"])}
    except BaseException as e:
        return {"raises": type(e).__name__ + ": " + str(e)}
try:
    answer = json.dumps(call(), allow_nan=False)
except (TypeError, ValueError, RecursionError) as e:
    answer = json.dumps({"error": "the result is not JSON: " + str(e)})
out.write(answer)
out.flush()
os._exit(0)
]]

-- The same for Lua: module, function and arguments are globals that a line before this one sets. An empty
-- table is an empty array.
M.lua = [[
local out = io.stdout
io.stdout = io.stderr
io.output(io.stderr)
print = function(...)
  for i = 1, select("#", ...) do
    io.stderr:write(i > 1 and "\t" or "", tostring((select(i, ...))))
  end
  io.stderr:write("\n")
end
local asked = { module = MODULE, name = FUNCTION, arguments = ARGUMENTS, count = COUNT }
MODULE, FUNCTION, ARGUMENTS, COUNT = nil, nil, nil, nil
local escapes = { ['"'] = '\\"', ["\\"] = "\\\\" }
local format, gsub, byte, concat, type, pairs, tostring, error = string.format, string.gsub, string.byte,
  table.concat, type, pairs, tostring, error
local kind, unpack, pcall, dofile, gmatch = math.type, table.unpack, pcall, dofile, string.gmatch
local function text(value)
  return '"' .. gsub(value, '[%c"\\]', function(c)
    return escapes[c] or format("\\u%04x", byte(c))
  end) .. '"'
end
local encode
local function list(value, count, depth)
  local parts = {}
  for i = 1, count do
    parts[i] = encode(value[i], depth + 1)
  end
  return "[" .. concat(parts, ",") .. "]"
end
function encode(value, depth)
  if depth > 100 then
    error("it is too deep", 0)
  elseif type(value) == "table" then
    local count, parts = 0, {}
    for _ in pairs(value) do
      count = count + 1
    end
    if count == #value then
      return list(value, count, depth)
    end
    for key, item in pairs(value) do
      parts[#parts + 1] = text(tostring(key)) .. ":" .. encode(item, depth + 1)
    end
    return "{" .. concat(parts, ",") .. "}"
  elseif type(value) == "string" then
    return text(value)
  elseif type(value) == "number" and value == value and value ~= 1 / 0 and value ~= -1 / 0 then
    return kind(value) == "integer" and tostring(value) or format("%.17g", value)
  elseif type(value) == "boolean" or value == nil then
    return value == nil and "null" or tostring(value)
  end
  error("a " .. type(value) .. " is not JSON", 0)
end
local function answer(name, value)
  local ok, said = pcall(encode, value, 0)
  if not ok then
    name, said = "error", text("the result is not JSON: " .. said)
  end
  out:write("{", text(name), ":", said, "}")
  out:flush()
  os.exit(0, false)
end
package.path = package.path .. ";./?.lua;./?/init.lua"
local ok, found = pcall(dofile, asked.module)
for part in gmatch(asked.name, "[^.]+") do
  if ok then
    ok, found = pcall(function() return found[part] end)
  end
end
if not ok or type(found) ~= "function" then
  answer("error", ok and "there is no function " .. asked.name or tostring(found))
end
local fine, result = pcall(found, unpack(asked.arguments, 1, asked.count))
if fine then
  answer("returns", result)
end
answer("raises", tostring(result))
]]

-- Starts a service and talks to it: {argv, port, path, seconds, timeout, requests, nonce} on standard input;
-- a line with the nonce and {ready, exit, answers} as an answer, one for each request. The service has no way
-- to this process: it cannot look into it (PR_SET_DUMPABLE), its standard input is empty, its output goes to
-- standard error.
local SERVICE = [[
import base64, ctypes, http.client, json, os, subprocess, sys, time
if ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) != 0:
    sys.exit("the driver cannot be protected")
empty = os.open("/dev/null", os.O_RDWR)
for fd in (3, 4):
    os.dup2(empty, fd)
asked = json.load(sys.stdin)
out = os.fdopen(os.dup(1), "w")
os.dup2(empty, 0)
os.dup2(2, 1)
def finish(said):
    out.write(asked["nonce"] + json.dumps(said) + "\n")
    out.flush()
    os._exit(0)
def ask(request, seconds):
    connection = http.client.HTTPConnection("127.0.0.1", asked["port"], timeout=seconds)
    try:
        connection.request(request["method"], request["path"], request.get("body"), request["headers"])
        reply = connection.getresponse()
        body = reply.read(1 << 20)
        return {"status": reply.status, "body": base64.b64encode(body).decode(),
            "headers": {name.lower(): value for name, value in reply.getheaders()}}
    finally:
        connection.close()
def is_ready():
    try:
        return ask({"method": "GET", "path": asked["path"], "headers": {}}, 1)["status"] < 500
    except (OSError, http.client.HTTPException):
        return False
def answer_all(answer):
    service = subprocess.Popen(asked["argv"], env=dict(os.environ, PORT=str(asked["port"])), close_fds=True)
    end = time.monotonic() + asked["seconds"]
    ready = is_ready()
    while not ready and service.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
        ready = is_ready()
    answers = []
    for request in asked["requests"] if ready else []:
        began = time.monotonic()
        try:
            answers.append(answer(request))
        except (OSError, ValueError, LookupError, http.client.HTTPException) as e:
            answers.append({"error": type(e).__name__ + ": " + str(e)})
        answers[-1]["ms"] = round((time.monotonic() - began) * 1000)
    finish({"ready": ready, "answers": answers})
]]

-- A request is {method, path, headers, body}, an answer {status, headers, body}.
M.http = SERVICE .. [[
answer_all(lambda request: ask(request, asked["timeout"]))
]]

-- A request is {path, steps, texts}, an answer {title, path, body, texts}: what a page shows after the steps.
-- The page is looked at from a world of its own, whose names the page's scripts do not see.
M.browser = SERVICE .. [[
places = ["/usr/lib/chromium/chromium", "/usr/lib/chromium/headless_shell", "/usr/bin/headless-shell"]
program = next((place for place in places if os.access(place, os.X_OK)), None)
if not program:
    finish({"missing": "chromium", "answers": []})
class Browser:
    def __init__(self):
        theirs, self.commands = os.pipe()
        self.events, answers = os.pipe()
        os.dup2(theirs, 3)
        os.dup2(answers, 4)
        self.number, self.buffer = 0, b""
        subprocess.Popen([program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
            "--user-data-dir=/tmp/chromium", "--no-first-run", "--disable-background-networking"],
            pass_fds=(3, 4), stdin=empty, stdout=empty, stderr=empty)
        os.close(theirs)
        os.close(answers)
    def read(self):
        while b"\0" not in self.buffer:
            part = os.read(self.events, 1 << 16)
            if not part:
                raise OSError("the browser ended")
            self.buffer += part
        line, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(line)
    def call(self, method, session=None, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            said = self.read()
            if said.get("id") == self.number:
                if "error" in said:
                    raise ValueError(said["error"].get("message", method))
                return said["result"]
class Page:
    def __init__(self, browser):
        self.browser = browser
        context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)
    def evaluate(self, text):
        frame = self.call("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = self.call("Page.createIsolatedWorld", frameId=frame)["executionContextId"]
        said = self.call("Runtime.evaluate", expression=text, contextId=world, returnByValue=True)
        if "exceptionDetails" in said:
            raised = said["exceptionDetails"].get("exception", {})
            raise ValueError(raised.get("description", "the page raised"))
        return said["result"].get("value")
    def until(self, text, what):
        end, why = time.monotonic() + asked["timeout"], ""
        while time.monotonic() < end:
            try:
                if self.evaluate(text):
                    return
            except ValueError as e: # it goes to another page just now
                why = ": " + str(e)
            time.sleep(0.05)
        raise ValueError(what + why)
    def loaded(self):
        self.until("location.href !== 'about:blank' && document.readyState === 'complete'", "it did not load")
    def open(self, path):
        said = self.call("Page.navigate", url="http://127.0.0.1:%d%s" % (asked["port"], path))
        if said.get("errorText"):
            raise ValueError("the page did not load: " + said["errorText"])
        self.loaded()
    def step(self, step):
        name = next(name for name in ("click", "type", "wait") if name in step)
        found = "document.querySelector(%s)" % json.dumps(step[name])
        self.until(found + " !== null", "no element is %s" % step[name])
        if name == "click":
            self.evaluate(found + ".click()")
            self.loaded()
        elif name == "type":
            self.evaluate(found + ".focus()")
            self.call("Input.insertText", text=step["text"])
    def look(self, selector):
        return self.evaluate("(document.querySelector(%s) || {innerText: null}).innerText"
            % json.dumps(selector))
browser = Browser()
def visit(request):
    page = Page(browser)
    page.open(request["path"])
    for step in request["steps"]:
        page.step(step)
    return {"title": page.evaluate("document.title"),
        "path": page.evaluate("location.pathname + location.search"),
        "body": page.evaluate("document.body ? document.body.innerText.slice(0, 1 << 20) : ''"),
        "texts": {selector: page.look(selector) for selector in request["texts"]}}
answer_all(visit)
]]

return M
