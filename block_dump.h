/* The command `sluice block`: what stands in blocks, for who asks why a store is as large as it is. */
#ifndef BLOCK_DUMP_H
#define BLOCK_DUMP_H

int command_block(int argc, char **argv);

#endif
