/* json_doc.c: the arena of a tree: a chain of chunks that double in size. */
#include "base/json.h"

#define CHUNK_FIRST 2048
#define CHUNK_LAST  65536 /* chunks double up to here; larger pieces get a chunk of their own */

struct json_chunk {
    struct json_chunk *next;
    size_t used, size; /* bytes behind this header */
};

void json_doc_clear(struct json_doc *doc)
{
    while (doc->chunks) {
        struct json_chunk *next = doc->chunks->next;
        free(doc->chunks);
        doc->chunks = next;
    }
    *doc = (struct json_doc){0};
}

void json_doc_reset(struct json_doc *doc)
{
    struct json_chunk *kept = doc->chunks;
    if (kept && kept->size <= CHUNK_LAST) {
        doc->chunks = kept->next;
        json_doc_clear(doc);
        *kept = (struct json_chunk){.size = kept->size};
        doc->chunks = kept;
    } else {
        json_doc_clear(doc);
    }
    doc->root = (struct json){0};
}

static struct json_chunk *add_chunk(struct json_doc *doc, size_t len)
{
    size_t size = doc->chunks ? doc->chunks->size * 2 : CHUNK_FIRST, bytes;
    if (size > CHUNK_LAST)
        size = CHUNK_LAST;
    if (size < len)
        size = len;
    if (!add_ok(size, sizeof(struct json_chunk), &bytes))
        return NULL;
    struct json_chunk *chunk = malloc(bytes);
    if (!chunk)
        return NULL;
    *chunk = (struct json_chunk){.next = doc->chunks, .size = size};
    doc->chunks = chunk;
    return chunk;
}

void *json_doc_alloc(struct json_doc *doc, size_t len)
{
    struct json_chunk *chunk = doc->chunks;
    if (!add_ok(len, 7, &len))
        return NULL;
    len &= ~(size_t)7;
    if (!chunk || chunk->size - chunk->used < len)
        chunk = add_chunk(doc, len);
    if (!chunk)
        return NULL;
    void *at = (char *)(chunk + 1) + chunk->used;
    chunk->used += len;
    return at;
}
