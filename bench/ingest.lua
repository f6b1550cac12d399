-- wrk script: POST records, each under a key of its own, and print what came back as one JSON line.
-- Arguments after "--": bytes of a body, a text that no other run uses, then in any order
--   count    count answers by status (costs the client time)
--   pause=N  wait N ms on average before each request

local sources = {"bench.north", "bench.south", "bench.east", "bench.west"}
local pieces, heads, serial, run = {}, nil, 0, ""
local threads = {}
statuses, rude, id = {}, 0, 0

local function make_body(number, bytes)
   local text = string.format('{"source":"%s","record_type":"lab_result","patient":{"first_name":'
      .. '"Sam","last_name":"Lee","dob":"1990-01-01"},"payload":{"order":"L-%02d","results":[',
      sources[number % #sources + 1], number)
   local results = {}
   local length = #text + #'],"note":""}}'
   for at = 1, 1000 do
      local result = string.format('{"loinc":"%d-7","value":%d.25,"unit":"mmol/L","abnormal":false,'
         .. '"taken_at":"2026-01-05T09:30:00Z"}', 2300 + at, (at * 7 + number) % 40)
      if length + #result + 1 > bytes then break end
      results[at] = result
      length = length + #result + (at > 1 and 1 or 0)
   end
   return text .. table.concat(results, ",") .. '],"note":"'
      .. string.rep("x", bytes - length) .. '"}}'
end

local function count_answer(status, headers)
   statuses[status] = (statuses[status] or 0) + 1
   if status == 503 and not headers["Retry-After"] then rude = rude + 1 end
end

function setup(thread)
   thread:set("id", #threads)
   table.insert(threads, thread)
end

function init(args)
   local bytes = tonumber(args[1])
   run = args[2]
   for at = 3, #args do
      local mean = args[at]:match("^pause=(%d+)$")
      if args[at] == "count" then response = count_answer end
      if mean then
         math.randomseed(id + 1)
         function delay() return math.random(0, 2 * mean) end
      end
   end
   local head = "POST /v1/ingest HTTP/1.1\r\nHost: " .. wrk.headers["Host"]
      .. "\r\nAuthorization: Bearer dev\r\nContent-Type: application/json\r\nContent-Length: "
      .. bytes .. "\r\nIdempotency-Key: " .. run .. "-" .. id .. "-"
   heads = head
   for number = 1, 32 do pieces[number] = "\r\n\r\n" .. make_body(number, bytes) end
end

function request()
   serial = serial + 1
   return heads .. string.format("%09d", serial) .. pieces[serial % #pieces + 1]
end

function done(summary, latency)
   local counts, rudeness = {}, 0
   for _, thread in ipairs(threads) do
      for status, count in pairs(thread:get("statuses")) do
         counts[status] = (counts[status] or 0) + count
      end
      rudeness = rudeness + thread:get("rude")
   end
   local listed = {}
   for status, count in pairs(counts) do
      table.insert(listed, string.format('"%d":%d', status, count))
   end
   local errors = summary.errors
   print(string.format('{"requests":%d,"seconds":%.3f,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f,'
      .. '"refused":%d,"socket_errors":%d,"timeouts":%d,"rude":%d,"statuses":{%s}}',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
      latency:percentile(99) / 1e3, latency.max / 1e3, errors.status,
      errors.connect + errors.read + errors.write, errors.timeout, rudeness,
      table.concat(listed, ",")))
end
