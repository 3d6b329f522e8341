-- try_jwt_spec.lua: `orket try jwt` and `orket try hmac`: which tokens and signatures are taken, against tokens
-- that Python made, and the examples of the RFCs.

local cjson = require("cjson")
local orket = dofile("tests/support/orket.lua")

local SECRET = "a secret of thirty-two bytes, or more"
local HEADER = '{"alg":"HS256","typ":"JWT"}'
local NOW = 1700000000
local PEM = "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL\n-----END PUBLIC KEY-----\n"

local function run(boundary, rows)
  local dir = orket.directory()
  local lines = {}
  for i, row in ipairs(rows) do
    lines[i] = cjson.encode(row)
  end
  orket.write(dir .. "/rows", table.concat(lines, "\n") .. "\n")
  local text, code = orket.shell(("%s try %s --jsonl < %s/rows"):format(orket.binary, boundary, dir))
  orket.remove(dir)
  assert.equal(0, code)
  local answers = {}
  for line in text:gmatch("[^\n]+") do
    answers[#answers + 1] = cjson.decode(line)
  end
  return answers
end

local function tokens(rows)
  local dir = orket.directory()
  local lines = {}
  for i, row in ipairs(rows) do
    lines[i] = cjson.encode({ header = row.header or HEADER, claims = row.claims or "{}",
      secret = row.secret or SECRET, alg = row.alg, signature = row.signature, b64 = row.b64,
      claims_b64 = row.claims_b64, secret_b64 = row.secret_b64 })
  end
  orket.write(dir .. "/rows", table.concat(lines, "\n") .. "\n")
  local text = orket.shell("python3 tests/support/tokens.py < " .. dir .. "/rows")
  orket.remove(dir)
  local list = {}
  for line in text:gmatch("[^\n]+") do
    list[#list + 1] = line
  end
  assert.equal(#rows, #list)
  return list
end

-- Each case: its name, what the token is made of (see tests/support/tokens.py), `ask` what is asked besides token
-- and secret, `code` of the answer; edit(token): what is sent in its place.
local CASES = {
  { "a plain token", claims = '{"sub":"ada"}', code = "OK" },
  { "no claims", code = "OK" },
  { "a header without typ", header = '{"alg":"HS256"}', code = "OK" },
  { "typ in small letters", header = '{"alg":"HS256","typ":"jwt"}', code = "OK" },
  { "blanks in header and claims", header = '{ "typ":"JWT",\r\n "alg":"HS256" }', claims = ' { "a" : 1 } \n',
    code = "OK" },
  { "unicode in the claims", claims = '{"sub":"Zoë 日本 \\ud83d\\ude00"}', code = "OK" },
  { "a secret that is no text", secret_b64 = "AP+AgQ==", code = "OK" },
  { "an unknown header parameter", header = '{"alg":"HS256","kid":"../../etc/passwd"}', code = "OK" },
  { "a key in the header, which is not looked at", header = '{"alg":"HS256","jwk":{"kty":"oct","k":"AA"}}',
    code = "OK" },
  -- algorithms
  { "alg none without a signature", header = '{"alg":"none"}', signature = "", code = "ERR_DENIED" },
  { "alg none with a good signature", header = '{"alg":"none"}', code = "ERR_DENIED" },
  { "alg None", header = '{"alg":"None"}', signature = "", code = "ERR_DENIED" },
  { "alg nOnE with a good signature", header = '{"alg":"nOnE"}', code = "ERR_DENIED" },
  { "alg in small letters", header = '{"alg":"hs256"}', code = "ERR_DENIED" },
  { "no alg", header = '{"typ":"JWT"}', code = "ERR_DENIED" },
  { "alg null", header = '{"alg":null}', code = "ERR_DENIED" },
  { "alg a list", header = '{"alg":["HS256"]}', code = "ERR_DENIED" },
  { "alg with a blank", header = '{"alg":"HS256 "}', code = "ERR_DENIED" },
  { "alg RS256 signed with the secret", header = '{"alg":"RS256"}', code = "ERR_DENIED" },
  { "a public key as the secret", secret = PEM, code = "ERR_USAGE" },
  { "alg RS256 and a public key as the secret", header = '{"alg":"RS256"}', secret = PEM, code = "ERR_USAGE" },
  { "alg HS384, signed so", header = '{"alg":"HS384"}', alg = "sha384", code = "ERR_DENIED" },
  { "alg HS256, signed with SHA-512", alg = "sha512", code = "ERR_DENIED" },
  { "a header with alg twice", header = '{"alg":"none","alg":"HS256"}', code = "ERR_JSON" },
  { "a header with alg twice, once escaped", header = '{"alg":"HS256","\\u0061lg":"none"}', code = "ERR_JSON" },
  { "another type", header = '{"alg":"HS256","typ":"JWE"}', code = "ERR_DENIED" },
  { "typ a number", header = '{"alg":"HS256","typ":1}', code = "ERR_DENIED" },
  { "crit", header = '{"alg":"HS256","crit":["exp"],"exp":1}', code = "ERR_DENIED" },
  { "an empty crit", header = '{"alg":"HS256","crit":[]}', code = "ERR_DENIED" },
  { "claims that are not encoded", header = '{"alg":"HS256","b64":false}', code = "ERR_DENIED" },
  -- signatures
  { "another secret", ask = { secret = "another secret of the same length.." }, code = "ERR_DENIED" },
  { "an empty secret", secret = "", ask = { secret = "" }, code = "ERR_USAGE" },
  { "no signature", signature = "", code = "ERR_DENIED" },
  { "a short signature", signature = "AAAA", code = "ERR_DENIED" },
  { "a signature with blanks", edit = function(token) return token .. " " end, code = "ERR_USAGE" },
  { "a line end behind it", edit = function(token) return token .. "\n" end, code = "ERR_USAGE" },
  { "a NUL behind it", edit = function(token) return token .. "\0" end, code = "ERR_USAGE" },
  { "a blank before it", edit = function(token) return " " .. token end, code = "ERR_DENIED" },
  { "the word Bearer before it", edit = function(token) return "Bearer " .. token end, code = "ERR_DENIED" },
  { "another last bit that the signature does not use", edit = function(token)
    local last = token:sub(-1)
    local letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    local at = letters:find(last, 1, true)
    return token:sub(1, -2) .. letters:sub(at + 1, at + 1)
  end, code = "ERR_USAGE" },
  { "a changed claim", claims = '{"sub":"ada"}', edit = function(token)
    return (token:gsub("%.(.-)%.", ".eyJzdWIiOiJldmUifQ."))
  end, code = "ERR_DENIED" },
  { "padding", b64 = "padded", claims = '{"a":12}', code = "ERR_USAGE" },
  { "base64 in place of base64url", claims = '{"a":"???>>>~~~"}', edit = function(token)
    return (token:gsub("_", "/"):gsub("-", "+"))
  end, codes = { ERR_USAGE = true, ERR_DENIED = true } },
  -- the form
  { "an empty token", edit = function() return "" end, code = "ERR_USAGE" },
  { "two parts", edit = function(token) return (token:gsub("%.[^.]*$", "")) end, code = "ERR_USAGE" },
  { "four parts", edit = function(token) return token .. ".AAAA" end, code = "ERR_USAGE" },
  { "five parts, as of an encrypted one", edit = function() return "a.b.c.d.e" end, code = "ERR_USAGE" },
  { "dots alone", edit = function() return ".." end, code = "ERR_DENIED" },
  { "a dot behind it", edit = function(token) return token .. "." end, code = "ERR_USAGE" },
  { "letters beyond ASCII", edit = function() return "é.é.é" end, code = "ERR_USAGE" },
  { "a token of 1 MB", edit = function(token) return token .. ("A"):rep(1000000) end, code = "ERR_TOO_LARGE" },
  { "a huge token", claims = '{"a":"' .. ("x"):rep(200000) .. '"}', code = "ERR_TOO_LARGE" },
  { "a token of 12 KiB", claims = '{"a":"' .. ("x"):rep(9000) .. '"}', code = "OK" },
  { "deep claims", claims = '{"a":' .. ("["):rep(3000) .. ("]"):rep(3000) .. "}", code = "ERR_LIMIT" },
  -- claims
  { "claims that are a list", claims = "[]", code = "ERR_JSON" },
  { "claims that are a text", claims = '"sub"', code = "ERR_JSON" },
  { "claims that are no JSON", claims = "{sub:1}", code = "ERR_JSON" },
  { "empty claims", claims = "", code = "ERR_JSON" },
  { "claims with something behind them", claims = '{"a":1}{"a":2}', code = "ERR_JSON" },
  { "a claim twice", claims = '{"sub":"ada","sub":"eve"}', code = "ERR_JSON" },
  { "a claim twice, once escaped", claims = '{"sub":"ada","\\u0073ub":"eve"}', code = "ERR_JSON" },
  { "claims that are not UTF-8", claims_b64 = "eyJhIjoi/yJ9", code = "ERR_UTF8" },
  { "a byte order mark", claims_b64 = "77u/e30=", code = "ERR_JSON" },
  { "a lone surrogate", claims = '{"a":"\\ud800"}', codes = { ERR_JSON = true, ERR_UTF8 = true } },
  { "a header that is no object", header = '"HS256"', code = "ERR_JSON" },
  { "sub a number", claims = '{"sub":1}', code = "ERR_DENIED" },
  { "jti a list", claims = '{"jti":["a"]}', code = "ERR_DENIED" },
  -- time
  { "exp one second ahead", claims = '{"exp":1700000001}', code = "OK" },
  { "exp now", claims = '{"exp":1700000000}', code = "ERR_DENIED" },
  { "exp past", claims = '{"exp":1699999999}', code = "ERR_DENIED" },
  { "exp half a second ahead", claims = '{"exp":1700000000.5}', code = "OK" },
  { "exp 0", claims = '{"exp":0}', code = "ERR_DENIED" },
  { "exp below 0", claims = '{"exp":-1}', code = "ERR_DENIED" },
  { "exp a text", claims = '{"exp":"1800000000"}', code = "ERR_DENIED" },
  { "exp null", claims = '{"exp":null}', code = "ERR_DENIED" },
  { "exp true", claims = '{"exp":true}', code = "ERR_DENIED" },
  { "exp a list", claims = '{"exp":[1800000000]}', code = "ERR_DENIED" },
  { "exp beyond 64 bits", claims = '{"exp":99999999999999999999999999}', code = "ERR_JSON" },
  { "exp 1e999", claims = '{"exp":1e999}', code = "ERR_JSON" },
  { "exp 1e18", claims = '{"exp":1e18}', code = "OK" },
  { "nbf now", claims = '{"nbf":1700000000}', code = "OK" },
  { "nbf one second ahead", claims = '{"nbf":1700000001}', code = "ERR_DENIED" },
  { "nbf a text", claims = '{"nbf":"0"}', code = "ERR_DENIED" },
  { "iat now", claims = '{"iat":1700000000}', code = "OK" },
  { "iat one second ahead", claims = '{"iat":1700000001}', code = "ERR_DENIED" },
  { "iat an object", claims = '{"iat":{}}', code = "ERR_DENIED" },
  { "expired by the clock, without now", claims = '{"exp":1700000000}', ask = { now = cjson.null },
    code = "ERR_DENIED" },
  { "not expired by the clock, without now", claims = '{"exp":99999999999}', ask = { now = cjson.null },
    code = "OK" },
  { "now a text", ask = { now = "1" }, code = "ERR_USAGE" },
  -- issuer and audience
  { "the issuer", claims = '{"iss":"orket"}', ask = { iss = "orket" }, code = "OK" },
  { "another issuer", claims = '{"iss":"orket2"}', ask = { iss = "orket" }, code = "ERR_DENIED" },
  { "an issuer that begins like it", claims = '{"iss":"ork"}', ask = { iss = "orket" }, code = "ERR_DENIED" },
  { "an issuer in other letters", claims = '{"iss":"Orket"}', ask = { iss = "orket" }, code = "ERR_DENIED" },
  { "no issuer where one is asked for", ask = { iss = "orket" }, code = "ERR_DENIED" },
  { "one of several issuers", claims = '{"iss":"b"}', ask = { iss = { "a", "b" } }, code = "OK" },
  { "a list as issuer", claims = '{"iss":["orket"]}', ask = { iss = "orket" }, code = "ERR_DENIED" },
  { "an issuer that nobody asked for", claims = '{"iss":"anybody"}', code = "OK" },
  { "the audience", claims = '{"aud":"orket"}', ask = { aud = "orket" }, code = "OK" },
  { "another audience", claims = '{"aud":"shop"}', ask = { aud = "orket" }, code = "ERR_DENIED" },
  { "a list with the audience", claims = '{"aud":["shop","orket"]}', ask = { aud = "orket" }, code = "OK" },
  { "a list without the audience", claims = '{"aud":["shop"]}', ask = { aud = "orket" }, code = "ERR_DENIED" },
  { "an empty list of audiences", claims = '{"aud":[]}', ask = { aud = "orket" }, code = "ERR_DENIED" },
  { "an audience that is a number", claims = '{"aud":[1,"orket"]}', ask = { aud = "orket" },
    code = "ERR_DENIED" },
  { "an audience that is an object", claims = '{"aud":{"orket":1}}', ask = { aud = "orket" },
    code = "ERR_DENIED" },
  { "no audience where one is asked for", ask = { aud = "orket" }, code = "ERR_DENIED" },
  { "an audience where the reader has no name", claims = '{"aud":"orket"}', code = "ERR_DENIED" },
  { "one of the reader's names", claims = '{"aud":["b","c"]}', ask = { aud = { "a", "b" } }, code = "OK" },
  { "none of the reader's names", claims = '{"aud":["c"]}', ask = { aud = { "a", "b" } }, code = "ERR_DENIED" },
  -- the request
  { "a field of the caller's own", ask = { case = "plain" }, code = "OK" },
  { "an issuer that is a number", ask = { iss = 1 }, code = "ERR_USAGE" },
  { "an issuer that is false", ask = { iss = false }, code = "ERR_USAGE" },
  { "an audience that is an object", ask = { aud = { name = "orket" } }, code = "ERR_USAGE" },
  { "now a boolean", ask = { now = true }, code = "ERR_USAGE" },
  { "now below 0", claims = '{"exp":1}', ask = { now = -1e300 }, code = "OK" },
  { "now far ahead", claims = '{"exp":1e18}', ask = { now = 1e300 }, code = "ERR_DENIED" },
  { "a secret that is a number", ask = { secret = 1 }, code = "ERR_USAGE" },
  { "a token that is a list", edit = function() return { "a.b.c" } end, code = "ERR_USAGE" },
  { "a list of no issuers", ask = { iss = setmetatable({}, cjson.array_mt) }, code = "ERR_USAGE" },
}

describe("orket try jwt", function()
  it("takes a token or refuses it, each of a table of cases with its code", function()
    local made, rows = tokens(CASES), {}
    for i, case in ipairs(CASES) do
      rows[i] = { id = i, token = case.edit and case.edit(made[i]) or made[i], now = NOW,
        secret = not case.secret_b64 and (case.secret or SECRET) or nil, secret_b64 = case.secret_b64 }
      for name, value in pairs(case.ask or {}) do
        rows[i][name] = value
      end
    end
    local answers = run("jwt", rows)
    assert.equal(#CASES, #answers)
    for i, case in ipairs(CASES) do
      local answer = answers[i]
      local what = case[1] .. ": " .. cjson.encode(answer):sub(1, 200)
      assert(case.codes and case.codes[answer.code] or answer.code == case.code, what)
      assert.equal(answer.code == "OK", answer.ok, what)
      assert.equal(answer.ok, answer.claims ~= nil, what)
      assert.equal(not answer.ok, answer.error ~= nil, what)
    end
  end)

  it("answers the claims as they were signed", function()
    local claims = '{"a":[1,2.5,true,null,{}],"sub":"Zoë"}'
    local answer = run("jwt", { { token = tokens({ { claims = claims } })[1], secret = SECRET } })[1]
    assert.same(cjson.decode(claims), answer.claims)
  end)

  it("takes the example of RFC 7515, appendix A.1, and refuses it once it has expired", function()
    local token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
      .. ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
      .. ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    local secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ+EstJQLr/T+1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow=="
    local answers = run("jwt", { { token = token, secret_b64 = secret, now = 1300819379, iss = "joe" },
      { token = token, secret_b64 = secret, now = 1300819380 }, { token = token, secret_b64 = secret },
      { token = token, secret = "x", secret_b64 = secret } })
    assert.same({ ok = true, code = "OK", claims = { iss = "joe", exp = 1300819380,
      ["http://example.com/is_root"] = true } }, answers[1])
    assert.equal("the token has expired", answers[2].error)
    assert.is_false(answers[3].ok)
    assert.equal("ERR_USAGE", answers[4].code)
  end)

  it("reads one request from standard input, and exits with 1 when it refuses", function()
    local request = cjson.encode({ token = tokens({ {} })[1], secret = SECRET })
    local text, code = orket.shell(("printf '%%s' '%s' | %s try jwt"):format(request, orket.binary))
    assert.equal(0, code)
    assert.same({ ok = true, code = "OK", claims = {} }, cjson.decode(text))
    text, code = orket.shell(("printf '{\"token\":\"a.b.c\",\"secret\":\"s\"}' | %s try jwt -"):format(orket.binary))
    assert.equal(1, code)
    assert.is_false(cjson.decode(text).ok)
    for _, other in ipairs({ "no JSON", "[1,2]", "1", '{"token":"a.b.c","secret":"a","secret":"b"}' }) do
      text, code = orket.shell(("printf '%s' | %s try jwt"):format(other, orket.binary))
      assert.equal(1, code)
      assert.is_false(cjson.decode(text).ok)
    end
  end)
end)

-- RFC 4231, test cases 1, 2, 3, 4, 6 and 7.
local function bytes(hex)
  return (hex:gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end))
end

local VECTORS = {
  { ("0b"):rep(20), "4869205468657265", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
  { "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
  { ("aa"):rep(20), ("dd"):rep(50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
  { "0102030405060708090a0b0c0d0e0f10111213141516171819", ("cd"):rep(50),
    "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
  { ("aa"):rep(131), "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b"
    .. "6579204669727374", "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
  { ("aa"):rep(131), "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a65"
    .. "206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865206b6579206e65656473"
    .. "20746f20626520686173686564206265666f7265206265696e6720757365642062792074686520484d414320616c676f726974686d"
    .. "2e", "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
}

local function base64(text)
  local file = os.tmpname()
  orket.write(file, text)
  local coded = orket.shell("base64 -w0 " .. file)
  os.remove(file)
  return coded
end

describe("orket try hmac", function()
  it("takes the vectors of RFC 4231, with the prefix and without it", function()
    local rows = {}
    for _, vector in ipairs(VECTORS) do
      local row = { secret_b64 = base64(bytes(vector[1])), body_b64 = base64(bytes(vector[2])) }
      for _, signature in ipairs({ vector[3], "sha256=" .. vector[3], vector[3]:upper() }) do
        rows[#rows + 1] = { secret_b64 = row.secret_b64, body_b64 = row.body_b64, signature = signature }
      end
    end
    for i, answer in ipairs(run("hmac", rows)) do
      assert.same({ ok = true, code = "OK" }, answer, i)
    end
  end)

  it("refuses every other signature", function()
    local good = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    local body, secret = "what do ya want for nothing?", "Jefe"
    local wrong = { "", "sha256=", good:sub(1, -2), good .. "0", good .. " ", " " .. good, good .. "\n", "sha1=" .. good,
      "sha512=" .. good, "SHA256=" .. good, "sha256=sha256=" .. good, "0x" .. good, good:gsub("^5", "4"), good:gsub("3$", "2"),
      ("0"):rep(64), ("g"):rep(64), "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=", ("5b"):rep(100000), "é" .. good:sub(3) }
    local rows = {}
    for i, signature in ipairs(wrong) do
      rows[i] = { body = body, secret = secret, signature = signature }
    end
    local answers = run("hmac", rows)
    assert.equal(#wrong, #answers)
    for i, answer in ipairs(answers) do
      assert.is_false(answer.ok, wrong[i]:sub(1, 80))
      assert.equal("ERR_DENIED", answer.code)
    end
  end)

  it("refuses another body, another secret, an empty secret, and requests that say too little or too much", function()
    local good = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    local body, secret = "what do ya want for nothing?", "Jefe"
    local answers = run("hmac", {
      { body = body .. " ", secret = secret, signature = good }, { body = body, secret = "jefe", signature = good },
      { body = body, secret = "", signature = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad" },
      { secret = secret, signature = good }, { body = body, signature = good }, { body = body, secret = secret },
      { body = body, body_b64 = "AA==", secret = secret, signature = good },
      { body = 1, secret = secret, signature = good }, { body = body, secret = secret, signature = 1 },
      { body_b64 = "!", secret = secret, signature = good },
    })
    assert.equal(10, #answers)
    for i, answer in ipairs(answers) do
      assert.is_false(answer.ok, i)
      assert.is_string(answer.error)
    end
  end)

  it("takes an empty body, and bytes that are no text", function()
    local rows = { { body = "", secret = "k",
      signature = orket.shell("printf '' | openssl dgst -sha256 -hmac k"):match("%x+%s*$"):gsub("%s", "") },
      { body_b64 = "AP8=", secret = "k",
        signature = orket.shell("printf '\\000\\377' | openssl dgst -sha256 -hmac k"):match("%x+%s*$"):gsub("%s", "") } }
    for _, answer in ipairs(run("hmac", rows)) do
      assert.is_true(answer.ok)
    end
  end)
end)
