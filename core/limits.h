/* The fixed limits of modules: part of the semantics version, checked before anything is allocated
 * (layer 0). Where the JavaScript API's implementation limits fix a number, it is theirs
 * (WebAssembly JavaScript Interface, "Implementation-defined Limits"). */
#ifndef RP_CORE_LIMITS_H
#define RP_CORE_LIMITS_H

#define RP_LIMIT_MODULE_BYTES 1073741824u /* JS API: 1 GiB */
#define RP_LIMIT_TYPES 1000000u
#define RP_LIMIT_FUNCTIONS 1000000u
#define RP_LIMIT_IMPORTS 1000000u
#define RP_LIMIT_EXPORTS 1000000u
#define RP_LIMIT_GLOBALS 1000000u
#define RP_LIMIT_DATA_SEGMENTS 100000u
#define RP_LIMIT_ELEMENT_SEGMENTS 10000000u
#define RP_LIMIT_SEGMENT_ELEMENTS 10000000u
#define RP_LIMIT_TABLES 100u /* JS API: 100,000; every table costs native memory per store */
#define RP_LIMIT_MEMORIES 100u
#define RP_LIMIT_PARAMS 1000u /* also values of a block: fits the side table's 10 bits */
#define RP_LIMIT_RESULTS 1000u
#define RP_LIMIT_LOCALS 50000u /* parameters included */
#define RP_LIMIT_FUNCTION_BYTES 7654321u
#define RP_LIMIT_OPERANDS 100000u /* operand height of a function: fits 17 bits */
#define RP_LIMIT_BLOCK_DEPTH 100000u
#define RP_LIMIT_BR_TABLE 1000000u
#define RP_LIMIT_NAME_BYTES 100000u
#define RP_LIMIT_TABLE_ELEMENTS 10000000u
#define RP_LIMIT_MEMORY_PAGES 65536u

/* The most that a store may be configured with. */
#define RP_LIMIT_CALL_DEPTH 0x4000000u
#define RP_LIMIT_STACK_SLOTS 0x40000000u
#define RP_LIMIT_HOST_DEPTH 200u

/* Defaults of the configuration. */
#define RP_DEFAULT_CALL_DEPTH 32768u
#define RP_DEFAULT_STACK_SLOTS 1048576u
#define RP_DEFAULT_HOST_DEPTH 32u
#define RP_DEFAULT_MEMORY_BYTES 4294967296u

/* The largest portion of gas between two looks at the stop word. */
#define RP_GAS_PORTION 1048576

#endif
