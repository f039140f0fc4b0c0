-- Counts one request against every key of KEYS, or against none where one has no room for it.
-- ARGV has two numbers for each key: how many microseconds a request adds to its lead, and how long the lead may be.
-- Answers the lead of each as it was before. A key is the moment until which it is ahead, and is gone when that is past.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local leads = {}
local has_room = true
for index, key in ipairs(KEYS) do
  local interval, room = tonumber(ARGV[2 * index - 1]), tonumber(ARGV[2 * index])
  local lead = math.max((tonumber(redis.call('GET', key) or '') or 0) - now, 0)
  leads[index] = lead
  has_room = has_room and lead + interval <= room
end
if has_room then
  for index, key in ipairs(KEYS) do
    local lead = leads[index] + tonumber(ARGV[2 * index - 1])
    redis.call('SET', key, string.format('%.0f', now + lead), 'PX', math.ceil(lead / 1000))
  end
end
return leads
