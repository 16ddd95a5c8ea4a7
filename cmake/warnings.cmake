# The written set of warnings. Every file of Reprise is clean under it with gcc 12 and with clang-19.
#
# -Wpedantic is for clang alone: gcc's would refuse __int128 and computed goto, which are on the list of extensions in
# core/compiler.h, and has no switch for these two. gcc's -Wformat-truncation is off: that snprintf may cut is why it is used.

set(RP_WARNINGS
    -Wall
    -Wextra
    -Wshadow
    -Wconversion
    -Wsign-conversion
    -Wdouble-promotion
    -Wstrict-prototypes
    -Wmissing-prototypes
    -Wold-style-definition
    -Wnested-externs
    -Wredundant-decls
    -Wundef
    -Wpointer-arith
    -Wcast-qual
    -Wcast-align
    -Wwrite-strings
    -Wformat=2
    -Wvla
    -Wimplicit-fallthrough
)

if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND RP_WARNINGS
        -Wduplicated-cond
        -Wlogical-op
        -Wjump-misses-init
        -Wtrampolines
        -Wno-format-truncation
    )
elseif(CMAKE_C_COMPILER_ID MATCHES "Clang")
    list(APPEND RP_WARNINGS
        -Wpedantic
        -Wno-gnu-label-as-value
        -Wcomma
        -Wconditional-uninitialized
        -Wunreachable-code-break
        -Wassign-enum
        -Wbad-function-cast
        -Wloop-analysis
    )
endif()

if(REPRISE_WERROR)
    list(APPEND RP_WARNINGS -Werror)
endif()
