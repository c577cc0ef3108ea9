/*
 * Runs a graph with libamdm and nothing else but C99.
 *
 *     embed GRAPH OUTPUT_DIR [SEED [STEPS]]
 *
 * Sets the seed of node `sampler`, shows progress, and stops at Ctrl-C. The library writes the
 * picture of node `save` as a PNG with the graph inside; this program also fetches its pixels and
 * writes them as `pixels.ppm`. Exit codes: 0 done, 1 failed, 2 called wrongly, 130 stopped.
 */
#include <amdm.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile sig_atomic_t interrupted = 0;

/* The library installs no handlers: Ctrl-C is the program's. A handler may only leave a note. */
static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

/* Says what went wrong, if anything did. The text is that of the last call on this thread. */
static int failed(const char *what, AmdmStatus status)
{
    if (status == AMDM_STATUS_OK)
        return 0;
    fprintf(stderr, "%s: %s [%d]\n", what, amdm_last_error(), (int)status);
    return 1;
}

static char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t used = 0, room = 0;
    if (file == NULL)
        return NULL;
    while (!feof(file) && !ferror(file)) {
        if (used == room) {
            char *larger = realloc(text, room = room * 2 + 4096);
            if (larger == NULL)
                break;
            text = larger;
        }
        used += fread(text + used, 1, room - used, file);
    }
    fclose(file);
    *length = used;
    return text;
}

static AmdmGraph *load_graph(AmdmHost *host, const char *path)
{
    AmdmGraph *graph = NULL;
    size_t length = 0;
    char *text = read_file(path, &length);
    if (text == NULL) {
        fprintf(stderr, "cannot read %s\n", path);
        return NULL;
    }
    failed(path, amdm_graph_from_json(host, text, length, &graph));
    free(text);
    return graph;
}

static void show(const AmdmEvent *event)
{
    if (event->kind == AMDM_EVENT_PROGRESS)
        printf("%.*s: step %u of %u\n", (int)event->node.len, event->node.ptr,
               (unsigned)event->step, (unsigned)event->total);
    else if (event->kind == AMDM_EVENT_SAVED)
        printf("%.*s\n", (int)event->json.len, event->json.ptr);
    fflush(stdout);
}

/* Takes events until the last one; a tenth of a second is how long Ctrl-C may wait. */
static AmdmStatus follow(AmdmRun *run)
{
    AmdmEvent event;
    memset(&event, 0, sizeof event);
    event.struct_size = sizeof event;
    while (event.kind != AMDM_EVENT_FINISHED) {
        AmdmStatus status = amdm_run_next_event(run, 100, &event);
        if (interrupted)
            amdm_run_cancel(run, AMDM_CANCEL_NOW);
        if (status == AMDM_STATUS_OK)
            show(&event);
        else if (status != AMDM_STATUS_EMPTY)
            return status;
    }
    return amdm_run_wait(run, -1);
}

static int write_pixels(AmdmRun *run, const char *dir)
{
    AmdmImage image;
    char path[4096];
    FILE *file;
    uint32_t row;
    memset(&image, 0, sizeof image);
    image.struct_size = sizeof image;
    image.channels = 3;
    image.element_type = AMDM_ELEMENT_U8;
    if (failed("pixels", amdm_run_output_image(run, "save", NULL, 0, &image)))
        return 1;
    snprintf(path, sizeof path, "%s/pixels.ppm", dir);
    file = fopen(path, "wb");
    if (file != NULL) {
        const unsigned char *pixels = image.data;
        fprintf(file, "P6\n%u %u\n255\n", (unsigned)image.width, (unsigned)image.height);
        for (row = 0; row < image.height; row++)
            fwrite(pixels + (ptrdiff_t)row * image.row_stride, 3, image.width, file);
    }
    if (image.release != NULL)
        image.release(image.release_ctx);
    if (file == NULL || fclose(file) != 0) {
        fprintf(stderr, "cannot write %s\n", path);
        return 1;
    }
    printf("%s: %u x %u pixels\n", path, (unsigned)image.width, (unsigned)image.height);
    return 0;
}

static int run_graph(AmdmGraph *graph, const char *dir)
{
    AmdmRunDesc desc;
    AmdmRun *run = NULL;
    AmdmStatus status;
    int code;
    memset(&desc, 0, sizeof desc);
    desc.struct_size = sizeof desc;
    desc.output_dir = dir;
    if (failed("graph", amdm_run_create(graph, &desc, &run)))
        return 1;
    status = amdm_run_start(run);
    if (status == AMDM_STATUS_OK)
        status = follow(run);
    if (status == AMDM_STATUS_CANCELLED) {
        fprintf(stderr, "stopped\n");
        code = 130;
    } else {
        code = failed("run", status) || write_pixels(run, dir);
    }
    amdm_run_destroy(run);
    return code;
}

int main(int argc, char **argv)
{
    AmdmHostDesc desc;
    AmdmHost *host = NULL;
    AmdmGraph *graph;
    int code = 1;
    if (argc < 3 || argc > 5) {
        fprintf(stderr, "usage: %s GRAPH OUTPUT_DIR [SEED [STEPS]]\n", argv[0]);
        return 2;
    }
    amdm_host_desc_init(&desc, sizeof desc);
    if (failed("host", amdm_host_create(&desc, &host)))
        return 1;
    signal(SIGINT, on_interrupt);
    graph = load_graph(host, argv[1]);
    if (graph != NULL) {
        const char *names[] = {"seed", "steps"};
        int i, wrong = 0;
        for (i = 3; i < argc; i++) {
            const char *name = names[i - 3], *json = argv[i];
            wrong |= failed(name, amdm_graph_set_json(graph, "sampler", name, json, strlen(json)));
        }
        if (!wrong)
            code = run_graph(graph, argv[2]);
    }
    amdm_graph_destroy(graph);
    amdm_host_destroy(host);
    return code;
}
