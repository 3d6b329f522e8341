/* capture.h: what stands in the captures of a template that hold text;
 * lists of calls are match.c's. */
#ifndef MODEL_DIALECT_CAPTURE_H
#define MODEL_DIALECT_CAPTURE_H

#include "model/dialect/form/match.h"

/* One form that is being read. */
struct match {
    const struct form *form;
    struct scan *s;
    struct calls *calls;
    size_t first;     /* the calls before this form's */
    const char *name; /* borrowed from the text; NULL: not yet */
    size_t name_len;
    const char *key;
    size_t key_len;
    struct buf arguments; /* JSON members, without the braces; or an object from {json} */
    bool object;          /* the latter */
    bool heart;           /* the call itself was read, what is left are the marks behind it */
    int is_string;        /* what {string} said of the value; -1: nothing */
    size_t values;        /* {value}s so far */
    unsigned looks;       /* at what may be the beginning of the next parameter inside a value */
    bool keyed;           /* calls are {name: arguments} */
    bool unclosed;        /* the mark behind this value is missing */
    bool open_ended;      /* the call's heart does not tell where it ends */
    bool ended;           /* a mark that stands behind it was read */
    /* a value holds what is not meant to stand in one: this is no call, but its end is known */
    bool astray;
};

/* What a call is that ends here. */
enum dialect_state match_state(const struct match *m, bool cut);

/* A template, item by item. outer: the one that {params} stands in, or NULL. */
enum found match_template(struct match *m, const struct template *t, const struct template *outer);

/* The text behind item i, or none. */
struct text capture_behind(const struct template *t, size_t i);
/* Does the text stand at `at`? */
enum found capture_stands(const struct scan *s, const char *at, struct text text);
/* Adds what stands there as the value of the call's next argument. */
void capture_member(struct match *m, const char *text, size_t len);
/* Text up to `close`, the first that ends it; in parameters,
 * what may follow one is looked at: value.c. */
enum found capture_value(struct match *m, struct text close, const struct template *outer);
/* Text up to the end of the line. */
enum found capture_line(struct match *m);
/* Text up to the line on which the next call begins, or the end. */
enum found capture_rest(struct match *m);
/* Some bytes, of no account, up to `until`. */
enum found capture_any(struct match *m, struct text until);
/* A parameter's name: any text up to `until` on the line; without that a name. */
enum found capture_key(struct match *m, struct text until);
/* "true" or "false": whether the value is a string. */
enum found capture_string(struct match *m);
/* The same as a word for its type. */
enum found capture_type(struct match *m);
/* Parameters that are tags: tags.c. */
enum found capture_tags(struct match *m);
/* None, one or more parameters. */
enum found capture_params(struct match *m, const struct template *outer);

#endif
