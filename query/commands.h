/* The commands that ask: each takes what stands behind its name and returns the exit status. */
#ifndef QUERY_COMMANDS_H
#define QUERY_COMMANDS_H

int command_grep(int argc, char **argv);
int command_count(int argc, char **argv);
int command_patterns(int argc, char **argv);
int command_fields(int argc, char **argv);
int command_tail(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_streams(int argc, char **argv);
int command_redact(int argc, char **argv);
int command_token(int argc, char **argv);
int command_status(int argc, char **argv);
int command_reload(int argc, char **argv);
int command_store(int argc, char **argv);
int command_store_export(int argc, char **argv); /* argv[0]: the word behind "export" */
int command_store_import(int argc, char **argv); /* ... "import" */

#endif
