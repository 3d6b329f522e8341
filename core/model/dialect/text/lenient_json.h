/* lenient_json.h: a JSON value as models write it, copied as strict JSON.
 *
 * Mended, and told (`repaired`): raw line ends and controls in strings, bad escapes, quotes inside
 * a string that cannot be its end, single quotes, trailing and doubled commas, keys without quotes,
 * True/False/None, comments, ill-formed UTF-8. What has two readings is no value. */
#ifndef MODEL_DIALECT_LENIENT_JSON_H
#define MODEL_DIALECT_LENIENT_JSON_H

#include "model/dialect/text/scan.h"

#define LENIENT_DEPTH_MAX 64

/* Appends the value to out, which has failed without memory, whatever is answered. FOUND_MORE: the
 * text was cut; out has got what is there with everything closed that was open, or nothing.
 * FOUND_NO: out is as it was, and s->at where it broke. */
enum found lenient_value(struct scan *s, struct buf *out);

/* Up to the next item of a list whose bracket was read, or behind its end: FOUND_YES. FOUND_NO: an
 * item stands here. */
enum found lenient_next(struct scan *s);

/* A value of a Python call: as above, and strings in triple quotes, sets, numbers as 07 and 1.; a
 * quote ends its string but where a word goes on behind it. */
enum found lenient_python(struct scan *s, struct buf *out);

#endif
