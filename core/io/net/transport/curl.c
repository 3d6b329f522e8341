/* curl.c: dlopen and dlsym. What the thread fills is read after it was joined. */
#include "io/net/transport/curl.h"

#include <dlfcn.h>
#include <string.h>

#include "io/fs/disk.h"

#define LIBRARY "libcurl.so.4"

static const struct {
    const char *name;
    size_t at;
} symbols[] = {
#define X(name) {"curl_" #name, offsetof(struct curl, name)},
    CURL_FUNCTIONS(X)
#undef X
};

static int fail(struct err *err)
{
    const char *why = dlerror();
    int error = disk_no_descriptors();
    if (error)
        return err_os(err, error, "libcurl cannot be loaded");
    err_set(err, ERR_LIBRARY, "libcurl cannot be loaded: %s", why ? why : LIBRARY);
    err_fix(err, "apt install libcurl4");
    return ERR_LIBRARY;
}

static int find_all(void *library, struct curl *curl, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(symbols); i++) {
        void *found = dlsym(library, symbols[i].name);
        if (!found)
            return fail(err);
        memcpy((char *)curl + symbols[i].at, &found, sizeof found);
    }
    return 0;
}

static void load_all(void *arg)
{
    struct curl_load *load = arg;
    void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
    int rc = library ? find_all(library, &load->curl, &load->err) : fail(&load->err);
    if (rc == 0 && load->curl.global_init(CURL_GLOBAL_DEFAULT))
        err_set(&load->err, ERR_LIBRARY, "libcurl cannot start");
}

void curl_load_begin(struct curl_load *load)
{
    load->running = uv_thread_create(&load->thread, load_all, load) == 0;
    if (!load->running)
        load_all(load);
}

const struct curl *curl_load_wait(struct curl_load *load, struct err *err)
{
    if (load->running)
        uv_thread_join(&load->thread);
    else if (err && err_is_environment(load->err.code)) { // there may be room by now
        load->err = (struct err){0};
        load_all(load);
    }
    load->running = false;
    if (load->err.code == 0)
        return &load->curl;
    if (err)
        *err = load->err;
    return NULL;
}
