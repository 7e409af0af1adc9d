/** Scripts, each of them one statement list, that must end the same way here and in a real Redis. */
export const STATEMENTS: readonly string[] = [
  'return {KEYS[1], KEYS[2], KEYS[3], #ARGV, ARGV[1], #ARGV[1]}',
  "return redis.call('GET', KEYS[1])",
  "return redis.call('get', KEYS[1])",
  "return redis.call('GET')",
  "return redis.call('NOPE')",
  'return redis.call()',
  "return redis.call('GET', {})",
  "return redis.call('GET', nil)",
  "return redis.call('GET', true)",
  "return redis.call('GET', KEYS[2])",
  "return redis.pcall('GET', KEYS[2])",
  "return redis.pcall('NOPE')",
  'return redis.pcall()',
  "return redis.pcall('GET', KEYS[2]).err",
  "return {pcall(redis.call, 'GET', KEYS[2])}",
  "return {pcall(error, 'x')}",
  "return {xpcall(function() error('x') end, function(e) return 'seen ' .. e end)}",
  'local ok, e = pcall(function() local t; return t.x end) return {tostring(ok), type(e)}',
  "return redis.call('EVAL', 'return 1', 0)",
  "return redis.call('SCRIPT', 'LOAD', 'x')",
  "return redis.call('SET', KEYS[1], 'v', 'FOO')",
  "\nlocal x = 1\n\nreturn redis.call('INCR', KEYS[1])",
  "return redis.call('SET', 'out', 'z')",
  "return redis.call('SET', 'out', 'z').ok",
  "return redis.call('PING')",
  "return redis.call('ECHO', 'OK')",
  "return {type(redis.call('GET', 'none')), type(redis.call('EXISTS', 'none')), type(redis.call('HGETALL', 'hash'))}",
  "return redis.call('HMGET', KEYS[2], 'f', 'g')",
  "redis.call('SET', 'out', 0.1)",
  "redis.call('SET', 'out', 1e17)",
  "redis.call('SET', 'out', 1e-5)",
  "redis.call('SET', 'out', -0)",
  "redis.call('SET', 'out', 1/0)",
  "redis.call('SET', 'out', 123456789 * 1000 + 0.5)",
  "redis.call('SET', 'out', 100 / 10)",
  "redis.call('SET', 'out', 2^53)",
  "redis.call('HSET', 'h2', 1, 2.5, 'a', 3.0) return redis.call('HGETALL', 'h2')",
  "redis.call('SET', 'out', 'one') error('boom')",
  'x = 1',
  'return foo',
  'foo()',
  'string.x = 1',
  'redis.call = 1',
  '_G.x = 1',
  'KEYS = 1',
  "KEYS[1] = 'z' return KEYS",
  'return os',
  "return require('x')",
  "return dofile('/etc/passwd')",
  'return io',
  'return debug',
  "error('boom')",
  "error({err = 'MY err'})",
  "error(redis.error_reply('ERR z'))",
  'error()',
  "return redis.error_reply('MYERR hi')",
  "return redis.error_reply('hi there')",
  "return redis.error_reply('hi')",
  "return redis.error_reply('-ERR hi')",
  'return redis.error_reply()',
  'return redis.error_reply(1)',
  "return redis.status_reply('FINE')",
  'return redis.status_reply({})',
  "return {err = 'x y'}",
  "return {ok = 'x y'}",
  'return {ok = 1, 2}',
  "return {1, {err = 'in E'}, {ok = 'S'}, 3.7, -3.7, true, false, 'x', nil, 5}",
  'return {a = 1}',
  'return nil',
  'return true',
  'return false',
  'return tostring',
  'return 3.99',
  'return -3.99',
  'return -0.5',
  'return {2^40, -2^40}',
  'local t = {} t[1] = t return #t',
  'local x = 1 // 2',
  'local x = 1 & 2',
  'return ~1',
  "return nil .. 'x'",
  'return 1 + {}',
  "return redis.sha1hex('')",
  "return redis.sha1hex('é') .. redis.sha1hex(5)",
  'return redis.sha1hex()',
  "return redis.log(redis.LOG_WARNING, 'x')",
  'return {redis.LOG_DEBUG, redis.LOG_VERBOSE, redis.LOG_NOTICE, redis.LOG_WARNING}',
  "return cjson.encode({1, 2, {a = 'x/y'}, cjson.null, 0.1, 1e20, true, 3})",
  'return cjson.encode({})',
  'return cjson.encode({[1] = 1, [3] = 3})',
  'return cjson.encode({[1] = 1, [300] = 3})',
  'return cjson.encode({[1.5] = 1})',
  'return cjson.encode({[true] = 1})',
  "return cjson.encode('é\"\\\\ \\n\\0\\127 \\27')",
  'return cjson.encode(1/0)',
  'local t = cjson.decode(\'{"a":[1,2.5,null,{}],"b":"\\\\u00e9"}\') return {t.a[1], t.a[2] .. \'\', t.b, tostring(t.a[3] == cjson.null)}',
  'return {cjson.decode(\'[1,[2,[3]],"x",true,false,null]\')}',
  "return string.format('%s %d %g %5.2f %x %5s|%-5d|%%', 3, 3.7, 1e20, 1, 255, 'é', 7)",
  'return table.concat({1, 2.5, 3, 1e15}, 4)',
  'return tostring(10 % 3) .. tostring(-5 % 3) .. tostring(5.5 % 2)',
  "return tostring(tonumber('0x10')) .. tostring(tonumber('1e')) .. tostring(tonumber('')) .. tostring(tonumber('z', 36))",
  "return {tostring(tonumber('inf')), tostring(tonumber(nil)), tostring(tonumber(' 12 ')), tostring(tonumber('12', 10))}",
  "return {'10' + 5, '10' * '2', 5 == '5', tostring('3' + 0), 7 .. ''}",
  "local t = {} for i = 1, 3 do t[#t + 1] = i .. ';' end for i = 3, 1, -1 do t[#t + 1] = 'x' .. i end return t",
  "local t = {} for i, v in ipairs({'a', 'b'}) do t[#t + 1] = i .. v end for k, v in pairs({x = 1}) do t[#t + 1] = k .. v end return t",
  "local t = {[1] = 'a', [2.0] = 'b'} return {#t, t[2], table.getn(t), table.maxn(t), select('#', unpack({1, nil, 3}))}",
  "return {('x'):rep(3), ('abc'):sub(2, 3), ('abc'):upper(), ('a,b'):find(',', 1, true), ('%d'):format(7.9), #('é')}",
  "local out = {} for a, b in string.gmatch('k=1,l=2', '(%a)=(%d)') do out[#out + 1] = a .. b end return out",
  "return {string.gsub('hello', 'l', 'L'), string.gsub('abc', '%w', {a = 1, b = 'B', c = false}), (string.gsub('a1', '%d', 5))}",
  'return {math.pow(2, 3), math.log10(1000), math.fmod(7, 3), math.mod(7, 3), math.abs(-2), math.max(1, 2.5) .. ""}',
  "return string.char(226, 156, 147) .. string.byte('é', 1) .. ';' .. table.concat({string.byte('é', 1, -1)}, ',')",
  "local a = 'x' .. 1 .. 2.5 .. 'y' .. 10 / 5 return a --[==[ not .. this ]==] -- nor .. this",
  "local s = [[long .. string 1]] .. ' and \\' .. 2' return s",
  "local r = '' for _, v in ipairs({3, 1, 2}) do r = r .. v end return r",
  'local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return t',
  "local t = setmetatable({}, {__index = function(_, k) return k .. '!' end}) return {t.x, t[1], rawget(t, 'x')}",
  "return tostring(-0) .. ' ' .. tostring(math.ceil(-0.5)) .. ' ' .. tostring(math.floor(-0.5)) .. ' ' .. tostring(2^63)",
  "return (...) == nil and select('#', ...)",
  "return redis.call('TYPE', KEYS[2])",
  "redis.call('PEXPIREAT', KEYS[1], 33000000000000.0) return redis.call('PTTL', KEYS[1]) > 0",
  "return redis.call('DEL', unpack(KEYS))",
  '#!lua\nreturn 7',
]

/**
 * One key's verdict in one round trip: secret, allowlist, scope, then two nested buckets that refill by fractions of
 * a token. The clock is an argument.
 */
export const BUCKET_SCRIPT = `
local function level(key, cap, perMinute, now)
  local kept = redis.call('HMGET', key, 't', 'n')
  local last, n = tonumber(kept[1]) or now, tonumber(kept[2]) or cap
  if now < last then now = last end
  return math.min(cap, n + (now - last) * perMinute / 60000), now
end
local entry = redis.call('HMGET', KEYS[1], 'd', 'o', 'v', ARGV[2])
if not entry[1] then return {0} end
if entry[1] ~= ARGV[1] then return {1} end
local org = redis.call('HMGET', 'o:' .. entry[2], ARGV[2], 'a')
if org[2] then
  local inside = false
  for low, high in string.gmatch(org[2], '(%x+)%-(%x+)') do
    if ARGV[3] >= low and ARGV[3] <= high then inside = true end
  end
  if not inside then return {2, entry[3]} end
end
if not entry[4] then return {3, entry[3]} end
local now = tonumber(ARGV[5])
local out, empty = {4, entry[3], tostring(now), now .. ''}, 0
local buckets = {{KEYS[2], entry[4]}, {'b:' .. entry[2] .. ':' .. ARGV[2], org[1] or ARGV[4]}}
for i, b in ipairs(buckets) do
  local cap, per = string.match(b[2], '(%d+),(%d+)')
  b.cap, b.per = tonumber(cap), tonumber(per)
  b.n, b.now = level(b[1], b.cap, b.per, now)
  if b.n < 1 and empty == 0 then empty = i end
end
for _, b in ipairs(buckets) do
  if empty == 0 then
    b.n = b.n - 1
    redis.call('HSET', b[1], 't', b.now, 'n', b.n)
    redis.call('PEXPIRE', b[1], math.ceil((b.cap - b.n) * 60000 / b.per) + 86400000)
  end
  out[#out + 1] = b.cap
  out[#out + 1] = tostring(b.n)
  out[#out + 1] = 'left ' .. b.n
end
out[#out + 1] = empty
return out`
