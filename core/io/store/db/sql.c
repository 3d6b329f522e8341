/* sql.c: a .sql text as named sections. A section begins after a line "-- MARK: name" and ends
 * at the next one; what stands before the first is prose. */
#include <string.h>

#include "io/store/db/db.h"

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct sql_section *)a)->name, ((const struct sql_section *)b)->name);
}

/* The name on a mark's line, or NULL when the line is none. */
static const char *mark_of(const char *line, const char *end, const char *mark, size_t *len)
{
    char start[16];
    int size = snprintf(start, sizeof start, "-- %s: ", mark);
    if (end - line <= size || memcmp(line, start, (size_t)size) != 0)
        return NULL;
    *len = (size_t)(end - line - size);
    return line + size;
}

static int add(struct sql_sections *sections, const char *name, size_t len, const char *text)
{
    struct sql_section *items = realloc(sections->items, (sections->count + 1) * sizeof *items);
    if (!items)
        return ERR_MEMORY;
    sections->items = items;
    struct sql_section *section = &items[sections->count++];
    *section = (struct sql_section){.text = text};
    if (len >= sizeof section->name)
        return ERR_BUG;
    memcpy(section->name, name, len);
    return 0;
}

static int split(struct sql_sections *sections, const char *text, const char *end, const char *mark)
{
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        const char *next = stop ? stop + 1 : end;
        size_t len;
        const char *name = mark_of(text, stop ? stop : end, mark, &len);
        int rc = name ? add(sections, name, len, next) : 0;
        if (rc)
            return rc;
        if (sections->count > 0 && !name) {
            struct sql_section *open = &sections->items[sections->count - 1];
            open->len = (size_t)(next - open->text);
        }
        text = next;
    }
    qsort(sections->items, sections->count, sizeof *sections->items, compare);
    for (size_t i = 1; i < sections->count; i++)
        if (compare(&sections->items[i - 1], &sections->items[i]) == 0)
            return ERR_BUG;
    return 0;
}

int sql_split(struct sql_sections *sections, const struct store_options *options, const char *name,
              const char *mark, struct err *err)
{
    *sections = (struct sql_sections){0};
    for (size_t i = 0; i < options->count; i++) {
        const struct store_file *file = &options->files[i];
        const char *base = strrchr(file->name, '/');
        if (strcmp(base ? base + 1 : file->name, name) != 0)
            continue;
        int rc = split(sections, file->start, file->end, mark);
        return rc ? err_set(err, rc, "%s: its sections are wrong", name) : 0;
    }
    return err_set(err, ERR_BUG, "%s is not among the files of the store", name);
}

int sql_find(const struct sql_sections *sections, const char *name)
{
    size_t low = 0, high = sections->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(name, sections->items[middle].name);
        if (order == 0)
            return (int)middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

void sql_clear(struct sql_sections *sections)
{
    free(sections->items);
    *sections = (struct sql_sections){0};
}
