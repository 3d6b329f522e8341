/* embedding.c: out of an embedder's reply, whoever wrote it, into vectors of length one. */
#include "model/embedding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"

#define TINY 1e-30 /* a vector that is shorter has no direction */

/* ---- one vector ---- */

static int wrong(struct err *err, const char *what)
{
    return err_set(err, ERR_PROTOCOL, "the embedder's reply is not one: %s", what);
}

static bool add(struct buf *out, double value)
{
    float number = (float)value;
    if (!isfinite(number))
        return false;
    buf_put(out, &number, sizeof number);
    return true;
}

static int read_numbers(const struct json *list, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < list->len; i++) {
        const struct json *item = &list->u.items[i];
        bool is_number = item->type == JSON_INT || item->type == JSON_REAL;
        if (!is_number ||
            !add(out, item->type == JSON_INT ? (double)item->u.integer : item->u.real))
            return wrong(err, "a vector has something else than numbers");
    }
    return 0;
}

static float number_at(const unsigned char *bytes)
{
    uint32_t bits = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                    (uint32_t)bytes[3] << 24;
    float number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static int read_base64(const struct json *text, struct buf *out, struct err *err)
{
    struct buf bytes = {.max = EMBEDDING_DIMS_MAX * 4};
    bool fine = base64_decode(&bytes, text->u.string, text->len) && buf_ok(&bytes) &&
                bytes.len % 4 == 0;
    for (size_t i = 0; fine && i < bytes.len; i += 4)
        fine = add(out, number_at((const unsigned char *)bytes.data + i));
    bool starved = bytes.failed && !bytes.beyond;
    buf_clear(&bytes);
    if (starved)
        return err_set(err, ERR_MEMORY, "out of memory for a vector");
    return fine ? 0 : wrong(err, "a vector's text is not base64 of numbers");
}

/* Divides by the length; false when there is none. */
static bool make_unit(float *vector, size_t dims)
{
    double sum = 0;
    for (size_t i = 0; i < dims; i++)
        sum += (double)vector[i] * (double)vector[i];
    double length = sqrt(sum);
    if (!(length > TINY) || !isfinite(length))
        return false;
    for (size_t i = 0; i < dims; i++)
        vector[i] = (float)(vector[i] / length);
    return true;
}

static int read_vector(const struct json *from, struct buf *out, size_t *dims, struct err *err)
{
    size_t before = out->len;
    if (!from)
        return wrong(err, "a vector is missing");
    if (from->type != JSON_ARRAY && from->type != JSON_STRING)
        return wrong(err, "a vector is no array");
    int rc = from->type == JSON_ARRAY ? read_numbers(from, out, err) : read_base64(from, out, err);
    if (rc)
        return rc;
    if (!buf_ok(out))
        return err_set(err, ERR_MEMORY, "out of memory for vectors");
    size_t own = (out->len - before) / sizeof(float);
    if (own == 0 || own > EMBEDDING_DIMS_MAX)
        return wrong(err, "a vector has no numbers, or more than 4096");
    if (*dims && own != *dims)
        return wrong(err, "its vectors are of different lengths");
    *dims = own;
    return make_unit((float *)(void *)(out->data + before), own)
               ? 0
               : wrong(err, "a vector has no direction");
}

/* ---- all of them ---- */

/* The array of items, and what a vector is called in them. */
static const struct json *items_of(const struct json *reply, const char **name)
{
    const struct json *data = json_get(reply, "data");
    *name = data ? "embedding" : "values";
    return data ? data : json_get(reply, "embeddings");
}

/* Puts items[i] at the place that it names; where none does, at its own. */
static int place(const struct json *items, size_t count, const struct json **places,
                 struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        int64_t at = json_int(json_get(&items->u.items[i], "index"), (int64_t)i);
        if (at < 0 || (size_t)at >= count || places[at])
            return wrong(err, "its vectors are not numbered from 0 on, each once");
        places[at] = &items->u.items[i];
    }
    return 0;
}

static int read_items(const struct json *items, const char *name, size_t count, struct buf *out,
                      size_t *dims, struct err *err)
{
    const struct json **places = calloc(count, sizeof *places);
    int rc = places ? place(items, count, places, err)
                    : err_set(err, ERR_MEMORY, "out of memory for vectors");
    for (size_t i = 0; !rc && i < count; i++)
        rc = read_vector(json_get(places[i], name), out, dims, err);
    free(places);
    return rc;
}

int embedding_read(const struct json *reply, size_t count, struct buf *out, size_t *dims,
                   struct err *err)
{
    const char *name;
    const struct json *items = items_of(reply, &name);
    *dims = 0;
    if (!items && count == 1 && json_get(reply, "embedding"))
        return read_vector(json_get(json_get(reply, "embedding"), "values"), out, dims, err);
    if (!items || items->type != JSON_ARRAY)
        return wrong(err, "it has no vectors");
    if (items->len != count || count == 0)
        return err_set(err, ERR_PROTOCOL, "the embedder answered %zu vectors for %zu texts",
                       (size_t)items->len, count);
    return read_items(items, name, count, out, dims, err);
}

int64_t embedding_tokens(const struct json *reply)
{
    static const char *const places[][2] = {{"usage", "prompt_tokens"},
                                            {"usage", "total_tokens"},
                                            {"usageMetadata", "promptTokenCount"}};
    int64_t tokens = -1;
    for (size_t i = 0; tokens < 0 && i < COUNT_OF(places); i++)
        tokens = json_int(json_get(json_get(reply, places[i][0]), places[i][1]), -1);
    return tokens <= 1000000000 ? tokens : -1;
}

/* ---- cosines ---- */

/* Four sums side by side, put together in one order: the same bits everywhere. */
static float products(const float *a, const float *b, size_t dims)
{
    float sums[4] = {0};
    size_t i = 0;
    for (; i + 4 <= dims; i += 4)
        for (size_t k = 0; k < 4; k++)
            sums[k] += a[i + k] * b[i + k];
    for (; i < dims; i++)
        sums[0] += a[i] * b[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

int embedding_near(const float *a, const float *b, size_t dims)
{
    float near = fminf(fmaxf(products(a, b, dims), -1), 1);
    return (int)lroundf(near * EMBEDDING_ONE);
}

bool embedding_is_unit(const float *vector, size_t dims)
{
    float length = products(vector, vector, dims);
    return length > 0.99f && length < 1.01f; // false for what is no number
}
