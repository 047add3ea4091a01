#include "tests/test.h"

#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_SKIPPED = 77 };

static struct test *tests;
static int failures;
static char folder[256];

void test_register(struct test *t)
{
    struct test **at = &tests;
    while (*at && strcmp((*at)->name, t->name) < 0)
        at = &(*at)->next;
    t->next = *at;
    *at = t;
}

void test_fail(const char *file, int line, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    printf("# %s:%d: ", file, line);
    vprintf(fmt, args);
    printf("\n");
    va_end(args);
    failures++;
}

void test_skip(const char *why)
{
    printf("# skipped: %s\n", why);
    fflush(stdout);
    _exit(EXIT_SKIPPED);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

const char *test_folder(void)
{
    if (!folder[0]) {
        const char *base = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%s/sluice-test-XXXXXX", base ? base : "/tmp");
        if (!mkdtemp(folder)) {
            perror("mkdtemp");
            exit(1);
        }
    }
    return folder;
}

static void run_here(const struct test *t)
{
    unsigned factor = 1;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    factor = 3;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    factor = 3;
#endif
#endif
    alarm(t->seconds * factor);
    t->run();
    if (folder[0] && failures == 0)
        nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    exit(failures ? 1 : 0);
}

/* Prints the TAP line and returns whether the test passed or was skipped. */
static bool run_apart(const struct test *t, int number)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        run_here(t);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0) {
        perror("fork");
        exit(2);
    }
    bool ok =
        WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == EXIT_SKIPPED);
    bool skipped = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIPPED;
    if (WIFSIGNALED(status))
        printf("# ended by signal %d (%s)\n", WTERMSIG(status),
               WTERMSIG(status) == SIGALRM ? "time limit" : strsignal(WTERMSIG(status)));
    printf("%s %d - %s%s\n", ok ? "ok" : "not ok", number, t->name, skipped ? " # SKIP" : "");
    return ok;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    int number = 0, failed = 0;
    for (const struct test *t = tests; t; t = t->next) {
        if (argc > 1 && !strstr(t->name, argv[1]))
            continue;
        failed += !run_apart(t, ++number);
    }
    printf("1..%d\n", number);
    return failed ? 1 : 0;
}
