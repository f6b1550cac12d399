-- wrk script: POST a JSON body of 1.8 KB.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer dev"
wrk.headers["Idempotency-Key"] = "bench-key-0001"
wrk.body = '{"payload":"' .. string.rep("x", 1786) .. '"}'
