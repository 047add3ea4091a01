#include "query/commands.h"
int command_grep(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return 2;
}
int command_token(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return 2;
}
