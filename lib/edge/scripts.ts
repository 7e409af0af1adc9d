/**
 * The gate's Lua. Redis's own clock decides, so that app servers with wrong clocks neither starve nor feed each other.
 * Keys: k:{key id} entry or mark · o:{organization id} limits · b:{key id}:{scope} bucket · s:{session id} tombstone.
 */

/**
 * One atomic question: is this key known, does it have the scope, is there a token? A token is taken only from a caller
 * who is admitted. The bucket counts in 1/60000 tokens: a limit of L a minute gains L units a millisecond, all integers.
 * KEYS entry, bucket · ARGV digest, scope or "any", bucket's scope, "1" to take
 */
export const DECIDE = `
local entry = redis.call('HMGET', KEYS[1], 'mark', 'digest', 'organization', 'facts', 'scopes')
if entry[1] then return {'mark', entry[1]} end
if not entry[2] then return {'miss'} end
if entry[2] ~= ARGV[1] then return {'mismatch'} end
local limit = tonumber(redis.call('HGET', 'o:' .. entry[3], ARGV[3]) or '')
if not limit then return {'miss'} end
local granted = ARGV[2] == 'any' or string.find(entry[5], ',' .. ARGV[2] .. ',', 1, true) ~= nil
  or string.find(entry[5], ',admin,', 1, true) ~= nil
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local capacity = limit * 60000
local bucket = redis.call('HMGET', KEYS[2], 'at', 'units')
local units = capacity
if bucket[1] then
  local elapsed = now - tonumber(bucket[1])
  if elapsed < 0 then elapsed = 0 end
  units = math.min(capacity, tonumber(bucket[2]) + elapsed * limit)
end
local outcome = 'admit'
if ARGV[4] ~= '1' then outcome = 'known'
elseif not granted then outcome = 'scope'
elseif units < 60000 then outcome = 'limit'
else
  units = units - 60000
  redis.call('HSET', KEYS[2], 'at', string.format('%.0f', now), 'units', string.format('%.0f', units))
  redis.call('PEXPIRE', KEYS[2], string.format('%.0f', math.ceil((capacity - units) / limit) + 1000))
end
local remaining = math.floor(units / 60000)
local missing = math.min(capacity, (remaining + 1) * 60000) - units
local wait = math.ceil(missing / limit)
return {outcome, entry[4], string.format('%.0f', limit), string.format('%.0f', remaining),
  string.format('%.0f', now), string.format('%.0f', wait)}
`

/**
 * Stores a verified key and its organization's limits. An entry or mark that is there already stays: a fill that was in
 * flight while the key was deleted finds the tombstone and changes nothing.
 * KEYS entry, organization · ARGV digest, organization id, facts, scopes, entry TTL s, organization TTL s, version, read, write, execute, admin
 */
export const FILL = `
local stored = 0
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'digest', ARGV[1], 'organization', ARGV[2], 'facts', ARGV[3], 'scopes', ARGV[4])
  redis.call('EXPIRE', KEYS[1], ARGV[5])
  stored = 1
end
local version = tonumber(redis.call('HGET', KEYS[2], 'version') or '')
if not version or version <= tonumber(ARGV[7]) then
  redis.call('HSET', KEYS[2], 'version', ARGV[7], 'read', ARGV[8], 'write', ARGV[9], 'execute', ARGV[10], 'admin', ARGV[11])
  redis.call('EXPIRE', KEYS[2], ARGV[6])
end
return stored
`

/**
 * Puts a mark in place of an entry. With ARGV[3] "1" only where nothing is: a negative look-up never hides a key.
 * KEYS entry · ARGV mark, TTL s, "1" to keep what is there
 */
export const MARK = `
if ARGV[3] == '1' and redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'mark', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
`

/**
 * Replaces an organization's limits unless a newer version is there.
 * KEYS organization · ARGV TTL s, version, read, write, execute, admin
 */
export const SET_LIMITS = `
local version = tonumber(redis.call('HGET', KEYS[1], 'version') or '')
if version and version > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'read', ARGV[3], 'write', ARGV[4], 'execute', ARGV[5], 'admin', ARGV[6])
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
`
