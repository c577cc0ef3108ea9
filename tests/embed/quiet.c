/* Opens the library and uses it, well and badly. The process must be what it was: signals and their
 * handlers, the allocator's settings, nothing printed. Says "the same" alone, or what is not. */

#define _GNU_SOURCE
#include <amdm.h>
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILL 0x5A
#define THRESHOLD (64 << 20)

static const AmdmApi *api;

/* The masks of signals that are caught, ignored, and blocked; without the two that the C library keeps to
 * itself, and catches once there is a second thread. */
static void signals(char *out, size_t size)
{
    char line[256];
    FILE *status = fopen("/proc/self/status", "r");
    out[0] = 0;
    while (status != NULL && fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, "SigCgt", 6) == 0 || strncmp(line, "SigIgn", 6) == 0
            || strncmp(line, "SigBlk", 6) == 0) {
            const unsigned long long own = 3ULL << 31, mask = strtoull(line + 7, NULL, 16);
            snprintf(out + strlen(out), size - strlen(out), "%.6s %016llx\n", line, mask & ~own);
        }
    if (status != NULL)
        fclose(status);
}

/* Whether what was set with mallopt still holds. */
static int allocator(void)
{
    size_t i, wrong = 0;
    size_t mapped = mallinfo2().hblks;
    /* Larger than what threads keep for themselves without filling it. */
    volatile unsigned char *large = malloc(32 << 20), *small = malloc(8192);
    wrong += mallinfo2().hblks != mapped; /* below the threshold, so not mapped */
    for (i = 64; i < 8192; i++)
        wrong += small[i] != (unsigned char)~FILL; /* filled as M_PERTURB says */
    free((void *)large);
    free((void *)small);
    return wrong == 0;
}

static int unlike(const char *when, const char *before)
{
    char now[512];
    signals(now, sizeof now);
    if (strcmp(before, now) != 0)
        printf("%s signals are\n%snot\n%s", when, now, before);
    if (!allocator())
        printf("%s the allocator is another\n", when);
    return strcmp(before, now) != 0 || !allocator();
}

static AmdmStatus ran(AmdmHost *host, const char *json, const char *out, int started)
{
    AmdmRunDesc desc;
    AmdmGraph *graph = NULL;
    AmdmRun *run = NULL;
    AmdmStatus status = api->graph_from_json(host, json, strlen(json), &graph);
    memset(&desc, 0, sizeof desc);
    desc.struct_size = sizeof desc;
    desc.output_dir = out;
    desc.preview_ms = 1;
    if (status == AMDM_STATUS_OK)
        status = api->run_create(graph, &desc, &run);
    if (status == AMDM_STATUS_OK)
        status = started ? api->run_start(run) : api->run_execute(run);
    if (status == AMDM_STATUS_OK)
        status = api->run_wait(run, -1);
    api->run_destroy(run);
    api->graph_destroy(graph);
    return status;
}

int main(int argc, char **argv)
{
    static char good[1 << 16];
    char before[512], bad[] = "{\"save\": {\"class_type\": \"SaveImage\", \"inputs\": {}}}";
    const AmdmApi *(*get_api)(uint32_t);
    AmdmHostDesc desc;
    AmdmHost *host = NULL;
    void *library, *symbol;
    FILE *file;
    int wrong = 0;

    if (argc != 4 || (file = fopen(argv[2], "rb")) == NULL)
        return 2;
    fread(good, 1, sizeof good - 1, file);
    fclose(file);
    mallopt(M_PERTURB, FILL);
    mallopt(M_MMAP_THRESHOLD, THRESHOLD);
    signals(before, sizeof before);
    wrong |= unlike("before anything", before);
    library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    symbol = library == NULL ? NULL : dlsym(library, "amdm_get_api");
    if (symbol == NULL)
        return 3;
    memcpy(&get_api, &symbol, sizeof get_api);
    api = get_api(AMDM_ABI_MAJOR);
    wrong |= unlike("once it is open", before);
    api->host_desc_init(&desc, sizeof desc);
    desc.device = "cpu";
    desc.pack_cache_dir = "";
    desc.log_level = AMDM_LOG_TRACE;
    if (api->host_create(&desc, &host) != AMDM_STATUS_OK)
        return 4;
    wrong |= unlike("with a host", before);
    if (ran(host, good, argv[3], 0) != AMDM_STATUS_OK || ran(host, good, argv[3], 1) != AMDM_STATUS_OK)
        return 5;
    wrong |= unlike("after a run", before);
    if (ran(host, bad, argv[3], 0) != AMDM_STATUS_INVALID_GRAPH || ran(host, "{", argv[3], 1) >= 0
        || ran(host, good, "/dev/null/no", 0) >= 0 || api->run_destroy((AmdmRun *)host) >= 0)
        return 6;
    wrong |= unlike("after failures", before);
    api->host_destroy(host);
    wrong |= unlike("in the end", before);
    if (!wrong)
        printf("the same\n");
    return wrong;
}
