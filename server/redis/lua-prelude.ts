import { CONCAT_NAME } from './lua-source'

/**
 * The world a script sees, in Lua: Redis's libraries, Lua 5.1's ways with numbers, and nothing that reaches a file,
 * a process or another script. It is called with the host's functions and returns the table that globals are looked
 * up in and the handler that turns any error into `{err, line}`. `concat` is the operand that asLua54 puts into `..`.
 *
 * Redis has more: load, loadstring, coroutine, collectgarbage, bit, struct, cmsgpack. `%` is 5.4's exact one, and a
 * table of the script's own with `__concat` is not supported.
 */
export const PRELUDE = `
local redis_call, redis_pcall, sha1hex, json_encode, json_decode = ...
local _G, error, type, pcall, select, next, pairs = _G, error, type, pcall, select, next, pairs
local rawget, rawset, setmetatable, getinfo = rawget, rawset, setmetatable, debug.getinfo
local tostring54, tonumber54, string54, table54, math54 = tostring, tonumber, string, table, math
local format, floor, ceil, huge, unpack = string.format, math.floor, math.ceil, math.huge, table.unpack

-- Numbers as Lua 5.1 has them: all of them doubles, printed without '.0'.
local function text(v)
  if type(v) == 'number' then return format('%.14g', v) end
  return v
end
local function tostring51(v)
  if type(v) == 'number' then return format('%.14g', v) end
  return tostring54(v)
end
local special = { inf = huge, ['+inf'] = huge, ['-inf'] = -huge, nan = 0/0, ['-nan'] = 0/0 }
local function tonumber51(v, base)
  if base and base ~= 10 then v = tonumber54(v, floor(base)) else v = tonumber54(v) or special[v] end
  return v and v * 1.0
end
local function integer(v)
  if type(v) ~= 'number' or v ~= v or v == huge or v == -huge then return v end
  return v < 0 and ceil(v) or floor(v)
end
local function floor51(x)
  x = x * 1.0
  return x == 0 and x or floor(x) * 1.0
end

-- The operand in the middle of every '..' keeps its right neighbour until the left one asks for it.
local pending
local function piece(v)
  local kind = type(v)
  if kind == 'string' then return v end
  if kind == 'number' then return format('%.14g', v) end
  error('attempt to concatenate a ' .. kind .. ' value', 3)
end
local function limited(size)
  if size > 67108864 then error('resulting string too large', 3) end
end
local waiting = setmetatable({}, { __concat = function(left)
  left = piece(left)
  limited(#left + #pending)
  return left .. pending
end })
local concat = setmetatable({}, { __concat = function(_, right) pending = piece(right) return waiting end })

-- Libraries: a number where a string is due, and a fraction where an integer is due.
local function format51(pattern, ...)
  if type(pattern) == 'string' and not string54.find(pattern, '[sdixXoc]') then return format(pattern, ...) end
  local values, count, at = { ... }, select('#', ...), 0
  for verb in string54.gmatch(string54.gsub(text(pattern), '%%%%', ''), '%%[-+ #0]*%d*%.?%d*(%a)') do
    at = at + 1
    if verb == 's' then values[at] = text(values[at])
    elseif string54.find('dixXoc', verb, 1, true) then values[at] = integer(tonumber54(values[at]) or values[at]) end
  end
  return format(pattern, unpack(values, 1, count))
end
local function concat51(list, separator, from, to)
  local out = {}
  from, to = integer(from or 1), integer(to or #list)
  for i = from, to do out[i - from + 1] = text(list[i]) end
  return table54.concat(out, text(separator))
end
local function maxn(list)
  local most = 0.0
  for k in next, list do if type(k) == 'number' and k > most then most = k * 1.0 end end
  return most
end
local strings = {
  char = string54.char, format = format51,
  byte = function(s, i, j) return string54.byte(text(s), integer(i or 1), integer(j or i or 1)) end,
  find = function(s, p, ...) return string54.find(text(s), text(p), ...) end,
  gmatch = function(s, p) return string54.gmatch(text(s), text(p)) end,
  gsub = function(s, p, r, n)
    local by = text(r)
    if type(r) == 'table' then by = function(k) return text(r[k]) end end
    if type(r) == 'function' then by = function(...) return text((r(...))) end end
    return string54.gsub(text(s), text(p), by, integer(n))
  end,
  len = function(s) return #text(s) * 1.0 end,
  lower = function(s) return string54.lower(text(s)) end,
  match = function(s, p, ...) return string54.match(text(s), text(p), ...) end,
  rep = function(s, n)
    s = text(s)
    limited(#s * n)
    return string54.rep(s, integer(n))
  end,
  reverse = function(s) return string54.reverse(text(s)) end,
  sub = function(s, i, j) return string54.sub(text(s), integer(i), integer(j or -1)) end,
  upper = function(s) return string54.upper(text(s)) end,
}
local tables = {
  concat = concat51, insert = table54.insert, remove = table54.remove, sort = table54.sort,
  getn = function(list) return #list * 1.0 end, maxn = maxn,
}
local maths = {}
for name, f in pairs(math54) do maths[name] = f end
for _, name in next, { 'tointeger', 'type', 'ult', 'maxinteger', 'mininteger' } do maths[name] = nil end
maths.floor, maths.ceil, maths.mod = floor51, function(x) return -floor51(-x) end, math54.fmod
-- 5.4 would compare texts with each other here, or refuse to.
local function numeric(f)
  return function(...)
    local a, b = ...
    if type(a) == 'number' and type(b) == 'number' and select('#', ...) == 2 then return f(a, b) end
    local values, count = { ... }, select('#', ...)
    for i = 1, count do
      if type(values[i]) == 'string' then values[i] = tonumber51(values[i]) end
    end
    return f(unpack(values, 1, count))
  end
end
maths.min, maths.max = numeric(math54.min), numeric(math54.max)
maths.pow, maths.log10 = function(x, y) return x ^ y end, function(x) return math54.log(x, 10) end

-- Redis.
local function failed() return { err = 'ERR wrong number or type of arguments' } end
local redis = {
  LOG_DEBUG = 0.0, LOG_VERBOSE = 1.0, LOG_NOTICE = 2.0, LOG_WARNING = 3.0,
  log = function() end,
  call = redis_call, pcall = redis_pcall, sha1hex = sha1hex,
  error_reply = function(...)
    local message = ...
    if select('#', ...) ~= 1 or type(message) ~= 'string' then return failed() end
    if string54.sub(message, 1, 1) == '-' then message = string54.sub(message, 2) end
    if not string54.find(message, ' ', 1, true) then message = 'ERR ' .. message end
    return { err = message }
  end,
  status_reply = function(...)
    local message = ...
    if select('#', ...) ~= 1 or type(message) ~= 'string' then return failed() end
    return { ok = message }
  end,
}

-- What a script may not change: Redis calls these tables read-only.
local sealed = {}
local function deny() error('Attempt to modify a readonly table', 2) end
local function seal(view, t)
  sealed[view] = true
  return setmetatable(view, { __index = t, __newindex = deny, __metatable = false })
end
local function caught(ok, err, ...)
  if not ok and type(err) == 'table' and type(err.err) == 'string' then return false, err.err end
  return ok, err, ...
end
local function handled(handler, ok, ...)
  if ok then return ok, ... end
  return false, handler(...)
end
local null = json_decode('null')
local base = {
  _VERSION = 'Lua 5.1', _G = _G, assert = assert, error = error, getmetatable = getmetatable, ipairs = ipairs,
  next = next, pairs = pairs, rawequal = rawequal, rawget = rawget, select = select, type = type, unpack = unpack,
  tostring = tostring51, tonumber = tonumber51,
  pcall = function(f, ...) return caught(pcall(f, ...)) end,
  -- The handler runs outside the failed call, so that the instruction limit holds in it as well.
  xpcall = function(f, handler, ...) return handled(handler, pcall(f, ...)) end,
  rawset = function(t, k, v)
    if sealed[t] then error('Attempt to modify a readonly table', 2) end
    return rawset(t, k, v)
  end,
  -- A finalizer would run outside the instruction limit; Lua 5.1 has none on tables.
  setmetatable = function(t, meta)
    if type(meta) == 'table' and rawget(meta, '__gc') ~= nil then error('__gc is not supported', 2) end
    return setmetatable(t, meta)
  end,
  string = seal({}, strings), table = seal({}, tables), math = seal({}, maths), redis = seal({}, redis),
  cjson = seal({}, { encode = json_encode, decode = json_decode, null = null }),
}
base['${CONCAT_NAME}'] = concat
setmetatable(base, { __index = function(_, name)
  error("Script attempted to access nonexistent global variable '" .. tostring54(name) .. "'", 2)
end })
local meta = getmetatable('')
meta.__index, meta.__metatable = strings, false
local arithmetic = {
  __add = function(a, b) return a + b end, __sub = function(a, b) return a - b end,
  __mul = function(a, b) return a * b end, __div = function(a, b) return a / b end,
  __mod = function(a, b) return a % b end, __pow = function(a, b) return a ^ b end, __unm = function(a) return -a end,
}
local function operand(v)
  return tonumber51(v) or error('attempt to perform arithmetic on a ' .. type(v) .. ' value', 3)
end
for name, f in next, arithmetic do
  meta[name] = function(a, b)
    local x, y = operand(a), operand(b)
    return f(x, y)
  end
end

local function handler(err)
  local line
  for level = 2, 50 do
    local info = getinfo(level, 'Sl')
    if not info then break end
    if info.source == '@user_script' then line = info.currentline break end
  end
  local message = err
  if type(err) == 'table' then message = err.err end
  if type(message) ~= 'string' then message = tostring51(message) end
  if line then message = string54.gsub(message, '^twig:%d+:', 'user_script:' .. line .. ':') end
  if type(err) ~= 'table' then message = 'ERR ' .. message end
  return { err = message, line = line }
end

for name in pairs(_G) do rawset(_G, name, nil) end
seal(_G, base)
return base, handler
`
