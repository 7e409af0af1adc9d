/**
 * The gate's Lua. Redis's own clock decides, so that app servers with wrong clocks neither starve nor feed each other.
 * Keys: k:{key id} entry or mark · v:{key id} floor · o:{organization id} limits and allowlist · b:{key id}:{scope} and
 * B:{organization id}:{scope} buckets · s:{session id} tombstone.
 */

/** Buckets count in 1/60000 tokens: a limit of L a minute gains L units a millisecond, all integers. */
const BUCKETS = `
local function clock()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function text(number) return string.format('%.0f', number) end
local function unitsOf(bucket, limit, now)
  if not bucket then return limit * 60000 end
  local at, units = string.match(bucket, '^(%d+) (%d+)$')
  return math.min(limit * 60000, tonumber(units) + math.max(0, now - tonumber(at)) * limit)
end
local function keep(key, units, limit, now)
  local ttl = math.ceil((limit * 60000 - units) / limit) + 1000
  redis.call('SET', key, text(now) .. ' ' .. text(units), 'PX', text(ttl))
end
`

/**
 * Whether an allowlist's spans keep an address out: `address` if so, `unplaced` where the address or the list is not known,
 * else false. The same search as holdsAddress (lib/core/ip-ranges.ts), over digits whose order is the addresses'.
 */
const ALLOWLIST = `
local function listFor(address) return #address == 8 and 'list_v4' or 'list_v6' end
local function keptOut(spans, address)
  local width = #address
  if width == 0 or not spans then return 'unplaced' end
  local low = 0
  local high = #spans / (2 * width)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local from = middle * 2 * width
    if string.sub(spans, from + 1, from + width) <= address then low = middle + 1 else high = middle end
  end
  local from = (low - 1) * 2 * width + width
  return (low == 0 or address > string.sub(spans, from + 1, from + width)) and 'address'
end
`

/** The cached entry of a key whose secret is proved, and its organization's limits and allowlist. */
const CACHED = `
local entry = redis.call('HMGET', KEYS[1], 'mark', 'digest', 'organization', 'facts', 'scopes', 'ends')
if entry[1] then return {'mark', entry[1]} end
if not entry[2] then return {'miss'} end
if entry[2] ~= ARGV[1] then return {'mismatch'} end
local own = redis.call('HMGET', 'o:' .. entry[3], ARGV[3], 'all_' .. ARGV[3], 'profile', 'list')
local function spans(address) return redis.call('HGET', 'o:' .. entry[3], listFor(address)) end
`

/** The same for a rehearsal: without a digest any secret will do, and what was read of the row may be given. */
const CACHED_OR_GIVEN = `
local entry = redis.call('HMGET', KEYS[1], 'mark', 'digest', 'organization', 'facts', 'scopes', 'ends')
local mark = entry[1]
if mark then return {'mark', mark} end
local own
local given = {}
if ARGV[6] then
  entry = {false, ARGV[1], ARGV[6], ARGV[7], ARGV[8], ARGV[9] ~= '' and ARGV[9]}
  own = {ARGV[10], ARGV[11], ARGV[12], ARGV[13]}
  given = {list_v4 = ARGV[14], list_v6 = ARGV[15]}
else
  if not entry[2] then return {'miss'} end
  if ARGV[1] ~= '' and entry[2] ~= ARGV[1] then return {'mismatch'} end
  own = redis.call('HMGET', 'o:' .. entry[3], ARGV[3], 'all_' .. ARGV[3], 'profile', 'list')
end
local function spans(address)
  return given[listFor(address)] or redis.call('HGET', 'o:' .. entry[3], listFor(address))
end
`

const TAKE = `
  units = units - 60000
  unitsOfAll = unitsOfAll - 60000
  keep(KEYS[2], units, limit, now)
  keep(shared, unitsOfAll, limitOfAll, now)
`

/** What is decided, on what was found; the words are the same for a request and for its rehearsal. */
const decision = (found: string, take: string) => `${BUCKETS}${ALLOWLIST}${found}
local limit = tonumber(own[1] or '')
local limitOfAll = tonumber(own[2] or '')
if not limit or not limitOfAll or not own[4] then return {'miss'} end
local now = clock()
if entry[6] and now >= tonumber(entry[6]) then return {'mark', 'expired'} end
local granted = ARGV[2] == 'any' or string.find(entry[5], ',' .. ARGV[2] .. ',', 1, true) ~= nil
  or string.find(entry[5], ',admin,', 1, true) ~= nil
local shared = 'B:' .. entry[3] .. ':' .. ARGV[3]
local buckets = redis.call('MGET', KEYS[2], shared)
local units = unitsOf(buckets[1], limit, now)
local unitsOfAll = unitsOf(buckets[2], limitOfAll, now)
local outcome = 'admit'
local outside = own[4] ~= '0' and ARGV[4] == '1' and keptOut(spans(ARGV[5]), ARGV[5])
if ARGV[4] ~= '1' then outcome = 'known'
elseif outside then outcome = outside
elseif not granted then outcome = 'scope'
elseif units < 60000 or unitsOfAll < 60000 then outcome = 'limit'
else${take}end
local remaining = math.floor(units / 60000)
local remainingOfAll = math.floor(unitsOfAll / 60000)
local holder = 'key'
local told = limit
if remainingOfAll < remaining then
  holder = 'organization'
  told = limitOfAll
  remaining = remainingOfAll
end
local missing = math.min(limit * 60000, (remaining + 1) * 60000) - units
local missingOfAll = math.min(limitOfAll * 60000, (remaining + 1) * 60000) - unitsOfAll
local wait = math.max(0, math.ceil(missing / limit), math.ceil(missingOfAll / limitOfAll))
return {outcome, entry[4], own[3], holder, text(told), text(remaining), text(now), text(wait), own[4]}
`

/**
 * May this session open a page of its organization from this address? What Redis does not know is the page layer's to find
 * out, from Postgres.
 * KEYS tombstone, organization · ARGV caller's address as digits or empty
 */
export const JUDGE_SESSION = `${ALLOWLIST}
local reason = redis.call('GET', KEYS[1])
if reason then return {'ended', reason} end
if redis.call('HGET', KEYS[2], 'list') ~= '2' then return {'open'} end
return {keptOut(redis.call('HGET', KEYS[2], listFor(ARGV[1])), ARGV[1]) or 'open'}
`

/**
 * One atomic question: is this key known, may it call from this address, does it have the scope, is there a token of its
 * own and one of its organization's? Without an allowlist the address is not looked at; where nobody can tell whether
 * there is one, the key is not known. Tokens are taken only from a caller who is admitted. The state told is that of the
 * emptier bucket, and the wait is until both have a token more than remain.
 * KEYS entry, key's bucket · ARGV digest, scope or "any", bucket's scope, "1" to take, caller's address as digits or empty
 */
export const DECIDE = decision(CACHED, TAKE)

/**
 * The same decision for a request that nobody makes: whoever would be admitted takes nothing.
 * KEYS and ARGV as above, an empty digest for any secret; then, where the key is not cached, of its row: organization,
 * facts, scopes, end or empty, limit, limit of all, profile, and its allowlist as `listOf` says it
 */
export const PEEK = decision(CACHED_OR_GIVEN, ' ')

/**
 * Levels of a key's and its organization's buckets, nothing taken.
 * KEYS key's buckets, then organization's · ARGV their limits
 * Returns the whole tokens left in each.
 */
export const LEVELS = `${BUCKETS}
local now = clock()
local levels = {}
local buckets = redis.call('MGET', unpack(KEYS))
for i = 1, #KEYS do levels[i] = text(math.floor(unitsOf(buckets[i], tonumber(ARGV[i]), now) / 60000)) end
return levels
`

/**
 * Stores what was read of a key's row, an entry or a mark, unless something as new is there or a newer change is known
 * (the floor): what was read before a change and arrives after it changes nothing.
 * KEYS entry, floor · ARGV version, TTL s, then field and value of the hash in turn
 */
export const REMEMBER = `
local version = tonumber(ARGV[1])
local floor = tonumber(redis.call('GET', KEYS[2]) or '')
if floor and version < floor then return 0 end
local seen = redis.call('HGET', KEYS[1], 'version')
if seen and tonumber(seen) >= version then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'version', ARGV[1], unpack(ARGV, 3))
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
`

/**
 * Makes a change of a key's row count: raises the floor and puts the mark in place of what is older, or takes it away so
 * that the row is read anew.
 * KEYS entry, floor · ARGV version, TTL s, mark or empty
 */
export const CHANGE = `
local version = tonumber(ARGV[1])
local floor = tonumber(redis.call('GET', KEYS[2]) or '')
if floor and floor > version then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
local seen = redis.call('HGET', KEYS[1], 'version')
if seen and tonumber(seen) > version then return 0 end
if ARGV[3] ~= '' then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'version', ARGV[1], 'mark', ARGV[3])
  redis.call('EXPIRE', KEYS[1], ARGV[2])
elseif seen and tonumber(seen) < version then redis.call('DEL', KEYS[1]) end
return 1
`

/**
 * Replaces an organization's limits unless a newer version is there.
 * KEYS organization · ARGV version, TTL s, then field and value in turn
 */
export const SET_LIMITS = `
local version = tonumber(redis.call('HGET', KEYS[1], 'version') or '')
if version and version > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[1], unpack(ARGV, 3))
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
`
