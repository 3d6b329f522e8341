/* impl.h: what writing and verifying a bundle have in common. */
#ifndef IO_BUNDLE_IMPL_H
#define IO_BUNDLE_IMPL_H

#include "io/bundle/names.h"

#define LINK_KEY  ",\"link\":\""
#define LINK_TAIL (sizeof LINK_KEY - 1 + HASH_HEX + 2) /* with its quote and brace */

/* The link of a record after the one with the link `before`. */
struct hash bundle_link(const struct hash *before, const char *record, size_t len);

/* Appends {"i":I,"record":"KIND","id":"ID": how every line begins. */
void bundle_begin(struct buf *out, int64_t i, const char *kind, const char *id);

/* The bytes that the seal is over; false for a run that no journal has. */
bool bundle_seal_text(struct buf *out, const char *run, const struct hash *link);

/* ---- lines.c: a file line by line ---- */

struct lines {
    const char *path; /* borrowed */
    int fd;
    struct buf chunk, line; /* line: without its end */
    size_t at;
    bool whole; /* the line ended in a line feed */
};
int lines_open(struct lines *lines, const char *path, struct err *err) MUST_CHECK;
/* 1 = a line, 0 = the end, negative ERR_*; ERR_LIMIT: it is over BUNDLE_LINE. */
int lines_next(struct lines *lines, struct err *err) MUST_CHECK;
void lines_close(struct lines *lines);

/* ---- content.c: one record, held against itself ---- */

/* The events of one run, as far as they were read. */
struct section {
    char run[STORE_ID_MAX + 1], turn[STORE_ID_MAX + 1];
    int64_t n, events, last; /* last: the greatest seq */
    struct hash head;        /* of the stream */
    struct hash hash;        /* of the streams before it */
    bool forked;             /* it says what it goes on from */
};

/* Where the bundle is, as of the record before. */
struct content {
    struct bundle_report *report;
    struct json_doc *doc;
    const char *line;
    size_t len;
    struct hash link; /* of the line before */
    int last;         /* kind of the record before, -1: none */
    struct names names;
    struct section section;
    struct run_head source; /* what the section is a fork of; its run is in the report */
    struct buf bytes;
    char why[200]; /* room for what is wrong */
    int memory;    /* ERR_MEMORY when it ran short */
};
/* What is wrong with the record that is in doc, or NULL. */
const char *content_fault(struct content *content, enum bundle_kind kind);
void content_clear(struct content *content);

#endif
