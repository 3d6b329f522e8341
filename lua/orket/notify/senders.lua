-- senders.lua: how a notice goes out: a signed webhook, ntfy, a mail, a message on the desktop. The core's
-- transport carries what leaves the machine: no redirect, no proxy, addresses judged, keys kept there.

local async = require("orket.async")
local base64 = require("orket.core.base64")
local cjson = require("cjson")
local desktop = require("orket.notify.desktop")
local errors = require("orket.errors")
local llm = require("orket.core.llm")
local text = require("orket.view.format.text")

local M = {}

local DEADLINES = { connect = 10, first_byte = 15, idle = 10, total = 30 } -- seconds
local MOST = 65536 -- bytes of an answer, which nothing is read of

local function link_of(target, notice)
  return target.page and target.page:gsub("/+$", "") .. notice.path or nil
end

-- Without a page a person looks in a terminal.
local function where(target, notice)
  return link_of(target, notice) or "orket inbox"
end

local function post(target, options)
  options.url, options.private, options.fresh = target.url, target.private, true
  options.deadlines, options.caps = DEADLINES, { body = MOST, headers = MOST }
  local reply, message, code, info = async.await(llm.post, options, function()
    return true -- that it was taken is enough
  end)
  if reply then
    return true
  elseif type(message) == "table" then
    return nil, message
  end
  local err = errors.new(code, message, info and info.fix)
  err.status, err.retry_after = info and info.status, info and info.retry_after
  return nil, err
end

-- ---- each kind ----

local SEND = {}

-- The signature is over "TIMESTAMP.BODY": an old one is not good for a later time.
function SEND.webhook(target, notice)
  local body = cjson.encode({ id = notice.id, event = notice.event, project = notice.project, at = notice.at,
    text = notice.text, card = notice.card, run = notice.run, link = link_of(target, notice) })
  local now = ("%d"):format(os.time())
  local signature, message, code, fix = llm.sign(target.key, target.url, now .. "." .. body)
  if not signature then
    return errors.check(nil, message, code, fix)
  end
  return post(target, { body = body, headers = { ["X-Orket-Id"] = notice.id, ["X-Orket-Timestamp"] = now,
    ["X-Orket-Signature"] = "sha256=" .. signature } })
end

local function ascii(line)
  return (line:gsub("[^\32-\126]", "?"))
end

function SEND.ntfy(target, notice)
  return post(target, { body = notice.text, type = "text/plain", key = target.key, headers = {
    Title = ascii("Orket: " .. notice.project), Click = link_of(target, notice),
    ["X-Orket-Id"] = ascii(notice.id) } })
end

local DAYS = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

local function mail_date()
  local now = os.date("!*t")
  return ("%s, %d %s %d %02d:%02d:%02d +0000"):format(DAYS[now.wday], now.day, MONTHS[now.month], now.year,
    now.hour, now.min, now.sec)
end

local function encoded(line)
  line = text.clean(line)
  return line:find("[^\32-\126]") and "=?utf-8?b?" .. base64.encode(line) .. "?=" or line
end

local function mail_of(target, notice)
  local from_host = target.from:match("@(.*)$")
  return table.concat({ "Date: " .. mail_date(), "From: Orket <" .. target.from .. ">",
    "To: " .. table.concat(target.to, ", "),
    "Subject: " .. encoded("Orket: " .. notice.project .. ": " .. notice.text),
    "Message-ID: <" .. ascii(notice.id):gsub("[^%w.-]", "_") .. "@" .. from_host .. ">",
    "X-Orket-Id: " .. ascii(notice.id), "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "",
    text.clean(notice.text) .. ".", "", where(target, notice), "" }, "\r\n")
end

function SEND.mail(target, notice)
  return post(target, { body = mail_of(target, notice), key = target.key,
    mail = { from = target.from, to = target.to, user = target.user } })
end

function SEND.desktop(target, notice)
  return desktop.show("Orket: " .. notice.project, { notice.text, where(target, notice) })
end

---Sends a notice to a target. In a task.
---@param target NotifyTarget
---@param notice Notice
---@return true|nil ok
---@return Error|nil with the `status` of an answer, and the seconds that it asks for (`retry_after`)
function M.send(target, notice)
  return SEND[target.kind](target, notice)
end

return M
