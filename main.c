/*
 * The program: finds the command by its name and gives it the rest of the line. What a command does
 * and what its exit status means stands in the file that its row names.
 */
#include "base/mem.h"
#include "base/options.h"
#include "block_dump.h"
#include "check.h"
#include "collector/collect_command.h"
#include "parse.h"
#include "query/commands.h"
#include "shipper/ship_command.h"
#include "up.h"

#include <stdio.h>
#include <sys/resource.h>

static int command_help(int argc, char **argv);
static int command_version(int argc, char **argv);

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"grep", command_grep, "search the store"},
    {"tail", command_tail, "the newest lines, and with -f those that come"},
    {"trace", command_trace, "one request: its lines in all services, by its id in any form"},
    {"count", command_count, "how many, by service, level, field and time"},
    {"patterns", command_patterns, "the kinds of lines there are, new ones, those that are gone"},
    {"streams", command_streams, "what is there: services, files, hosts and other labels"},
    {"fields", command_fields, "which fields lines have, and their values"},
    {"up", command_up,
     "collect and keep the logs of this machine: ship and collect in one process"},
    {"ship", command_ship, "hand the lines of files or standard input to a collector"},
    {"collect", command_collect, "store what shippers send, answer searches"},
    {"status", command_status, "how collector and shipper are; --check for monitoring"},
    {"store", command_store,
     "files of a store: verify, du, plan, merge, archive, backup, restore, export, import"},
    {"parse", command_parse, "what is recognised in lines: records, format, level, time, fields"},
    {"redact", command_redact, "lines without secrets and personal data; what is found, and why"},
    {"block", command_block, "what stands in a journal: blocks, shapes, columns and their sizes"},
    {"check", command_check, "is the configuration right, and what does it say"},
    {"reload", command_reload, "have collector and shipper read their configuration again"},
    {"token", command_token, "make a token for access over TCP: read, write or admin"},
    {"help", command_help, "this list"},
    {"version", command_version, "the version"},
};

static int command_help(int argc, char **argv)
{
    (void)argc, (void)argv;
    printf("usage: sluice COMMAND [OPTIONS]...\n\n");
    for (size_t i = 0; i < countof(commands); i++)
        printf("  %-9s %s\n", commands[i].name, commands[i].help);
    printf("\nsluice COMMAND --help tells more.\n");
    return 0;
}

static int command_version(int argc, char **argv)
{
    (void)argc, (void)argv;
    printf("sluice " SLUICE_VERSION "\n");
    return 0;
}

static int unknown_command(const char *name)
{
    const char *names[countof(commands)];
    for (size_t i = 0; i < countof(commands); i++)
        names[i] = commands[i].name;
    const char *near = nearest_name(str_from(name), names, countof(names));
    fprintf(stderr, "sluice: there is no command '%s'", name);
    if (near)
        fprintf(stderr, "; did you mean '%s'?\n", near);
    else
        fprintf(stderr, "; see sluice help\n");
    return 2;
}

int main(int argc, char **argv)
{
    mem_setup();
    /* No core dumps: they would hold what redaction keeps off the disk. */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
    if (argc < 2) {
        command_help(0, NULL);
        return 2;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
        name = "version";
    for (size_t i = 0; i < countof(commands); i++) {
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 2, argv + 2);
    }
    return unknown_command(name);
}
