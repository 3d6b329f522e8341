-- sweep.lua: every kind of failure of the host, at every point of the example, as cases of Bed:sweep
-- (faulty.lua): faults at the points of fault, signals there, stacks that fail, few descriptors, little
-- memory, full disks. All of them, many times: bench/evidence/sweep.lua; a few:
-- tests/spec/fault_sweep_spec.lua.

local cjson = require("cjson")
local faulty = dofile("tests/support/faulty.lua")

local M = { faulty = faulty }

---A bed whose runs do not wait for the host to be well again: what fails for good would take minutes.
function M.bed()
  return faulty.new(0, { prepare = function(dir)
    local path = dir .. "/config/organization.json"
    local organization = cjson.decode(faulty.orket.read(path))
    local rules = organization.process_rules
    rules.limits = rules.limits or {}
    rules.limits.disk = 0
    faulty.orket.write(path, cjson.encode(organization))
  end })
end

local ERRNO = { eio = true, enospc = true, enomem = true, emfile = true }
local ACTS = { "kill", "eio", "enospc", "enomem", "emfile", "oom", "starve", "nofile", "term", "int", "hup",
  "stop" }

-- Calls that make a descriptor: the only ones that EMFILE is an answer of.
local OPENS = { open = true, create = true, spawn = true, connect = true, listen = true, watch = true,
  list = true }
local CALLS = { accept4 = true, epoll_create1 = true, eventfd = true, inotify_init1 = true,
  memfd_create = true, open = true,
  open64 = true, openat = true, pipe2 = true, socket = true }

local function can(point, act)
  if act == "emfile" then
    return OPENS[point.name:match("([^_]+)_before$")] ~= nil
  end
  if act == "enospc" and point.name == "spawn_before" then
    return false -- no more namespaces: nothing can be isolated, which parks the card on purpose
  end
  return not ERRNO[act] or (" " .. point.acts .. " "):find(" " .. act .. " ", 1, true) ~= nil
end

---Faults and signals at the points that the example hits, each at one of its hits.
---@param hits table<string, integer> of Bed:record
---@return {section: string, name: string, fault: string}[]
function M.points(hits)
  local cases = {}
  for _, act in ipairs(ACTS) do
    for _, point in ipairs(faulty.points()) do
      if point.place ~= "everywhere" and hits[point.name] > 0 and can(point, act) then
        local fault = string.format("%s:%d:%s", point.name, math.random(hits[point.name]), act)
        cases[#cases + 1] = { section = act, name = fault, fault = fault }
      end
    end
  end
  return cases
end

---Stacks that allocate or call the system; the first such call fails.
---@param sites {stack: string, what: string}[] of Bed:record
function M.stacks(sites)
  local cases = {}
  local function add(site, act)
    local fault = "site:" .. site.stack .. ":" .. act
    cases[#cases + 1] = { section = "stacks " .. act, name = site.what .. " " .. fault, fault = fault }
  end
  for _, site in ipairs(sites) do
    add(site, site.what == "memory" and "oom" or "eio")
    if CALLS[site.what] then
      add(site, "emfile")
    end
  end
  return cases
end

---Few descriptors and little memory for the whole process. The programs of its jails have the same memory.
---@param steps integer
function M.limits(steps)
  local cases = {}
  for i = 1, steps do
    local files, memory = 10 + 76 * i // steps, 16 * 1024 + 700 * 1024 * i // steps
    cases[#cases + 1] = { section = "descriptors", name = "ulimit -n " .. files, limit = "ulimit -n "
      .. files }
    cases[#cases + 1] = { section = "address space", name = "ulimit -v " .. memory, limit = "ulimit -v "
      .. memory }
  end
  return cases
end

-- A disk of so many KiB where the project keeps its journal or its files; later it has room.
local function disk(place, size)
  local function remount(options)
    return function(dir)
      assert(os.execute(string.format("mkdir -p %s/%s && mount -t tmpfs -o %s none %s/%s", dir, place,
        options, dir, place)))
    end
  end
  return {
    section = "full disk", name = string.format("%s on %d KiB", place, size),
    prepare = remount("mode=700,size=" .. size .. "k"),
    lift = function(dir)
      assert(os.execute(string.format("mount -o remount,size=64m %s/%s", dir, place)))
    end,
    clean = function(dir)
      os.execute(string.format("umount -l %s/%s 2>/dev/null", dir, place))
    end,
  }
end

---Disks of every size; none where this user may not mount one.
---@param steps integer
function M.disks(steps)
  local cases, dir = {}, faulty.orket.directory()
  local _, code = faulty.orket.shell("mount -t tmpfs none " .. dir .. " 2>/dev/null && umount " .. dir)
  faulty.orket.remove(dir)
  for i = 1, code == 0 and steps or 0 do
    cases[#cases + 1] = disk(".orket", 4 * math.ceil(4000 * i / steps / 4))
    cases[#cases + 1] = disk("workspace", 4 * math.ceil(480 * i / steps / 4))
  end
  return cases
end

return M
