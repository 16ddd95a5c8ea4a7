# Options of the compiler that every target gets, and where the official test suites lie.
#
# -ffp-contract=off: a*b+c is two roundings, on every compiler and machine (docs/determinism.md).
# -fno-math-errno: the library never reads errno of a math function; sqrt is the instruction.

set(RP_COMPILE_OPTIONS -ffp-contract=off -fno-math-errno -fno-common)
set(RP_LINK_OPTIONS "")
set(RP_DEFINITIONS "")

if(REPRISE_SANITIZE)
    list(APPEND RP_COMPILE_OPTIONS -fsanitize=${REPRISE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    list(APPEND RP_LINK_OPTIONS -fsanitize=${REPRISE_SANITIZE})
endif()
if(REPRISE_FUZZ)
    list(APPEND RP_COMPILE_OPTIONS -fsanitize=fuzzer-no-link)
endif()
if(REPRISE_COVERAGE)
    list(APPEND RP_COMPILE_OPTIONS --coverage -fprofile-update=atomic)
    list(APPEND RP_LINK_OPTIONS --coverage)
endif()
if(REPRISE_PORTABLE_DISPATCH)
    list(APPEND RP_DEFINITIONS RP_PORTABLE_DISPATCH=1)
endif()

# A folder that tests read: the CMake variable, else the environment's, else the default. What is not there is skipped.
function(rp_test_folder variable default text)
    set(value ${default})
    if(DEFINED ENV{${variable}})
        set(value $ENV{${variable}})
    endif()
    get_filename_component(value ${value} ABSOLUTE BASE_DIR ${CMAKE_SOURCE_DIR})
    set(${variable} ${value} CACHE PATH ${text})
endfunction()
rp_test_folder(REPRISE_SPEC_TESTSUITE ../shared/spec-testsuite "The official WebAssembly suite")
rp_test_folder(REPRISE_WASI_TESTSUITE ../shared/wasi-testsuite "The official WASI suite")
rp_test_folder(REPRISE_PEERS_DIR build/peers "Other engines, from scripts/fetch-peers")
rp_test_folder(REPRISE_GUESTS_DIR build/guests "Real programs, from scripts/fetch-guests")
