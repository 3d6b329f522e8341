/* number.h: exact comparison and division of JSON numbers, and a total order of values. */
#ifndef MODEL_SCHEMA_NUMBER_H
#define MODEL_SCHEMA_NUMBER_H

#include "base/json.h"

/* -1, 0 or 1; exact, also between an integer and a real. */
int number_compare(const struct json *a, const struct json *b);

/* True for 1 and 1.0. */
bool number_is_integer(const struct json *value);

/* 1 when value is a multiple of factor, exactly; 0 when not; ERR_MEMORY. */
int number_divides(const struct json *value, const struct json *factor) MUST_CHECK;

/* False when value is no integer, 0 or more. */
bool number_to_count(const struct json *value, size_t *count);

/* A total order in which equal values are neighbours; takes its cost off *budget, which is 0 when
 * the answer is worth nothing. */
int value_order(const struct json *a, const struct json *b, size_t *budget);

#endif
