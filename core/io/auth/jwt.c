/* jwt.c: crypto_auth_hmacsha256 and sodium_memcmp of libsodium. */
#include "io/auth/jwt.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "base/base64.h"

#define HEADER "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

/* ---- HMAC ---- */

void hmac_sign(uint8_t out[HMAC_SIZE], const void *bytes, size_t len,
               const struct jwt_secret *secret)
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, secret->bytes, secret->len);
    crypto_auth_hmacsha256_update(&state, bytes, len);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

/* 64 hexadecimal digits in either case. */
static bool from_hex(const char *hex, size_t len, uint8_t out[HMAC_SIZE])
{
    if (len != 2 * HMAC_SIZE)
        return false;
    for (size_t i = 0; i < HMAC_SIZE; i++) {
        int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

bool hmac_fits(const void *bytes, size_t len, const struct jwt_secret *secret,
               const char *signature, size_t signature_len)
{
    static const char prefix[] = "sha256=";
    uint8_t own[HMAC_SIZE], given[HMAC_SIZE];
    size_t skip = sizeof prefix - 1;
    if (signature_len <= skip || memcmp(signature, prefix, skip) != 0)
        skip = 0;
    if (secret->len == 0 || !from_hex(signature + skip, signature_len - skip, given))
        return false;
    hmac_sign(own, bytes, len, secret);
    return sodium_memcmp(own, given, HMAC_SIZE) == 0;
}

/* ---- signing ---- */

void jwt_sign(struct buf *out, const char *claims, size_t len, const struct jwt_secret *secret)
{
    uint8_t mac[HMAC_SIZE];
    size_t start = out->len;
    base64url_encode(out, HEADER, sizeof HEADER - 1);
    buf_putc(out, '.');
    base64url_encode(out, claims, len);
    if (!buf_ok(out))
        return;
    hmac_sign(mac, out->data + start, out->len - start, secret);
    buf_putc(out, '.');
    base64url_encode(out, mac, sizeof mac);
}

/* ---- the form ---- */

struct part {
    const char *text;
    size_t len;
};

/* Header, claims, signature. */
static bool split(const char *token, size_t len, struct part parts[3])
{
    const char *end = token + len;
    for (size_t i = 0; i < 3; i++) {
        const char *dot = memchr(token, '.', (size_t)(end - token));
        if ((i < 2) != (dot != NULL))
            return false;
        parts[i] = (struct part){token, (size_t)((dot ? dot : end) - token)};
        token = dot ? dot + 1 : end;
    }
    return true;
}

/* A public key is known to all: what it signs, everyone could have. */
static bool is_public_key(const struct jwt_secret *secret)
{
    static const char *const begins[] = {"-----BEGIN ", "ssh-", "ecdsa-sha2-"};
    for (size_t i = 0; i < COUNT_OF(begins); i++) {
        size_t n = strlen(begins[i]);
        if (secret->len >= n && memcmp(secret->bytes, begins[i], n) == 0)
            return true;
    }
    return false;
}

static int decode(struct buf *out, const struct part *part, const char *name, struct err *err)
{
    if (base64url_decode(out, part->text, part->len))
        return 0;
    return buf_ok(out) ? err_set(err, ERR_USAGE, "the %s is not base64url", name)
                       : err_set(err, ERR_MEMORY, "out of memory");
}

static int check_signature(const char *token, const struct part parts[3],
                           const struct jwt_secret *secret, struct err *err)
{
    uint8_t own[HMAC_SIZE];
    struct buf given = {0};
    int rc = decode(&given, &parts[2], "signature", err);
    hmac_sign(own, token, (size_t)(parts[2].text - 1 - token), secret);
    if (!rc && (given.len != HMAC_SIZE || sodium_memcmp(own, given.data, HMAC_SIZE) != 0))
        rc = err_set(err, ERR_DENIED, "the signature is not that of the secret");
    buf_clear(&given);
    return rc;
}

/* A part as a JSON object. */
static int read_object(const struct part *part, const char *name, struct json_doc *doc,
                       struct err *err)
{
    struct buf text = {0};
    int rc = decode(&text, part, name, err);
    if (!rc)
        rc = json_parse(doc, text.data ? text.data : "", text.len, NULL, err);
    if (!rc && doc->root.type != JSON_OBJECT)
        rc = err_set(err, ERR_JSON, "the %s is no JSON object", name);
    buf_clear(&text);
    return rc;
}

/* "JWT" in any case, as RFC 7519 has it. */
static bool is_jwt(const struct json *typ)
{
    size_t len;
    const char *text = json_string(typ, &len);
    return text && len == 3 && strncasecmp(text, "JWT", 3) == 0;
}

static int check_header(const struct part *part, struct err *err)
{
    struct json_doc doc = {0};
    int rc = read_object(part, "header", &doc, err);
    const struct json *typ = json_get(&doc.root, "typ"), *b64 = json_get(&doc.root, "b64");
    if (!rc && !json_is(json_get(&doc.root, "alg"), "HS256"))
        rc = err_set(err, ERR_DENIED, "the algorithm is not HS256");
    if (!rc && json_get(&doc.root, "crit"))
        rc = err_set(err, ERR_DENIED, "the header has critical extensions (crit)");
    if (!rc && b64 && !json_true(b64))
        rc = err_set(err, ERR_DENIED, "the claims are not encoded (b64)");
    if (!rc && typ && !is_jwt(typ))
        rc = err_set(err, ERR_DENIED, "it is a token of another type (typ)");
    json_doc_clear(&doc);
    return rc;
}

/* ---- the claims ---- */

/* A date as a number; false when it is something else. */
static bool date_of(const struct json *value, double *out)
{
    if (value->type != JSON_INT && value->type != JSON_REAL)
        return false;
    *out = value->type == JSON_INT ? (double)value->u.integer : value->u.real;
    return true;
}

static int check_dates(const struct json *claims, double now, struct err *err)
{
    static const struct {
        const char *name;
        bool ends; /* the token is good until then; else from then on */
        const char *why;
    } dates[] = {{"exp", true, "the token has expired"},
                 {"nbf", false, "the token is not valid yet"},
                 {"iat", false, "the token was issued in the future"}};
    for (size_t i = 0; i < COUNT_OF(dates); i++) {
        const struct json *value = json_get(claims, dates[i].name);
        double at;
        if (!value)
            continue;
        if (!date_of(value, &at))
            return err_set(err, ERR_DENIED, "%s is no number", dates[i].name);
        if (dates[i].ends ? now >= at : now < at)
            return err_set(err, ERR_DENIED, "%s", dates[i].why);
    }
    return 0;
}

static bool is_text(const struct json *value)
{
    return value && value->type == JSON_STRING;
}

static int check_texts(const struct json *claims, struct err *err)
{
    static const char *const texts[] = {"iss", "sub", "jti"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        const struct json *value = json_get(claims, texts[i]);
        if (value && !is_text(value))
            return err_set(err, ERR_DENIED, "%s is no text", texts[i]);
    }
    return 0;
}

/* Whether a text is among the names: one, or an array of them. */
static bool is_among(const struct json *text, const struct json *names)
{
    const struct json *item;
    if (is_text(names))
        return json_equal(text, names);
    for (size_t i = 0; (item = json_at(names, i)); i++)
        if (is_text(item) && json_equal(text, item))
            return true;
    return false;
}

static bool is_audience(const struct json *aud)
{
    const struct json *item;
    bool fine = is_text(aud) || aud->type == JSON_ARRAY;
    for (size_t i = 0; (item = json_at(aud, i)); i++)
        fine &= is_text(item);
    return fine;
}

/* Whether one of its audiences is among the reader's names. */
static bool is_for(const struct json *aud, const struct json *names)
{
    const struct json *item;
    if (is_text(aud))
        return is_among(aud, names);
    for (size_t i = 0; (item = json_at(aud, i)); i++)
        if (is_among(item, names))
            return true;
    return false;
}

static int check_parties(const struct json *claims, const struct jwt_wanted *wanted,
                         struct err *err)
{
    const struct json *iss = json_get(claims, "iss"), *aud = json_get(claims, "aud");
    if (wanted->iss && !(iss && is_among(iss, wanted->iss)))
        return err_set(err, ERR_DENIED, "the token is of another issuer (iss)");
    if (aud && !is_audience(aud))
        return err_set(err, ERR_DENIED, "aud is neither a text nor a list of texts");
    if ((aud || wanted->aud) && !(aud && wanted->aud && is_for(aud, wanted->aud)))
        return err_set(err, ERR_DENIED, "the token is for another audience (aud)");
    return 0;
}

static int check_form(const char *token, size_t len, const struct jwt_secret *secret,
                      struct part parts[3], struct err *err)
{
    if (len > JWT_MAX)
        return err_set(err, ERR_TOO_LARGE, "a token has at most %d bytes", JWT_MAX);
    if (secret->len == 0)
        return err_set(err, ERR_USAGE, "the secret is empty");
    if (is_public_key(secret))
        return err_set(err, ERR_USAGE, "a public key is no secret");
    return split(token, len, parts)
               ? 0
               : err_set(err, ERR_USAGE, "a token has three parts with dots between");
}

int jwt_verify(const char *token, size_t len, const struct jwt_secret *secret,
               const struct jwt_wanted *wanted, struct json_doc *claims, struct err *err)
{
    struct part parts[3];
    int rc = check_form(token, len, secret, parts, err);
    if (!rc)
        rc = check_signature(token, parts, secret, err);
    if (!rc)
        rc = check_header(&parts[0], err);
    if (!rc)
        rc = read_object(&parts[1], "claims", claims, err);
    if (!rc)
        rc = check_texts(&claims->root, err);
    if (!rc)
        rc = check_dates(&claims->root, wanted->now, err);
    if (!rc)
        rc = check_parties(&claims->root, wanted, err);
    if (rc)
        json_doc_reset(claims);
    return rc;
}
