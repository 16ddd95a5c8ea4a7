# The functions with which each folder's CMakeLists.txt says what it is.
#
#   rp_library(FOLDER SOURCES … [DEPENDS lower folders…] [LIBS targets…])
#       the static library reprise_FOLDER
#   rp_executable(NAME SOURCES … [DEPENDS folders…] [LIBS targets…])
#       a program in bin/; without DEPENDS it links libreprise
#   rp_test(NAME SOURCES … DEPENDS folders… [LIBS targets…] [ARGS …] [LABELS …] [TIMEOUT seconds])
#       a cmocka test. It links only what it names, so an upward call of a folder does not link.
#   rp_script_test(NAME COMMAND … [LABELS …] [TIMEOUT seconds])
#       a test that is a command; exit code 77 means: skipped, with a word on stdout
#   rp_fuzz_target(NAME SOURCES … DEPENDS folders… [CORPUS folder])
#       LLVMFuzzerTestOneInput; with libFuzzer in the fuzz preset, else with a driver that replays the corpus in ctest
#
# Tests find things through the environment: REPRISE_SOURCE_DIR, REPRISE_BINARY_DIR, REPRISE_BIN_DIR,
# REPRISE_SPEC_TESTSUITE, REPRISE_WASI_TESTSUITE, REPRISE_PEERS_DIR, REPRISE_GUESTS_DIR.

function(rp_add_folder folder)
    if(EXISTS ${CMAKE_SOURCE_DIR}/${folder}/CMakeLists.txt)
        add_subdirectory(${folder})
    endif()
endfunction()

function(rp_set_options target)
    target_compile_options(${target} PRIVATE ${RP_WARNINGS} ${RP_COMPILE_OPTIONS})
    target_compile_definitions(${target} PRIVATE ${RP_DEFINITIONS})
    target_link_options(${target} PRIVATE ${RP_LINK_OPTIONS})
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/include)
endfunction()

function(rp_link_folders target)
    foreach(folder IN LISTS ARGN)
        target_link_libraries(${target} PRIVATE reprise_${folder})
    endforeach()
endfunction()

function(rp_library folder)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LIBS")
    add_library(reprise_${folder} STATIC ${arg_SOURCES})
    rp_set_options(reprise_${folder})
    foreach(lower IN LISTS arg_DEPENDS)
        target_link_libraries(reprise_${folder} PUBLIC reprise_${lower})
    endforeach()
    target_link_libraries(reprise_${folder} PUBLIC ${arg_LIBS})
    set_property(GLOBAL APPEND PROPERTY RP_FOLDERS ${folder})
    set_property(GLOBAL APPEND PROPERTY RP_LIBRARY_LIBS ${arg_LIBS})
endfunction()

# libreprise: the objects of all library folders, static and shared.
function(rp_sum_libraries)
    get_property(folders GLOBAL PROPERTY RP_FOLDERS)
    get_property(libs GLOBAL PROPERTY RP_LIBRARY_LIBS)
    if(NOT folders)
        return()
    endif()
    list(REMOVE_DUPLICATES libs)
    set(objects "")
    foreach(folder IN LISTS folders)
        list(APPEND objects $<TARGET_OBJECTS:reprise_${folder}>)
    endforeach()
    add_library(libreprise STATIC ${objects})
    add_library(libreprise_shared SHARED ${objects})
    foreach(target IN ITEMS libreprise libreprise_shared)
        set_target_properties(${target} PROPERTIES OUTPUT_NAME reprise LINKER_LANGUAGE C)
        target_link_libraries(${target} PRIVATE ${libs})
        target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include>)
    endforeach()
    target_link_options(libreprise_shared PRIVATE ${RP_LINK_OPTIONS})
    if(NOT REPRISE_SANITIZE)
        target_link_options(libreprise_shared PRIVATE -Wl,--no-undefined)
    endif()
    rp_install_libraries()
endfunction()

function(rp_executable name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS;LIBS")
    add_executable(${name} ${arg_SOURCES})
    rp_set_options(${name})
    if(arg_DEPENDS)
        rp_link_folders(${name} ${arg_DEPENDS})
    else()
        target_link_libraries(${name} PRIVATE libreprise)
    endif()
    target_link_libraries(${name} PRIVATE ${arg_LIBS})
endfunction()

function(rp_set_test_properties name labels timeout)
    get_filename_component(suite ${CMAKE_CURRENT_SOURCE_DIR} NAME)
    if(NOT timeout)
        set(timeout 600)
    endif()
    set(environment
        REPRISE_SOURCE_DIR=${CMAKE_SOURCE_DIR}
        REPRISE_BINARY_DIR=${CMAKE_BINARY_DIR}
        REPRISE_BIN_DIR=${CMAKE_BINARY_DIR}/bin
        REPRISE_SPEC_TESTSUITE=${REPRISE_SPEC_TESTSUITE}
        REPRISE_WASI_TESTSUITE=${REPRISE_WASI_TESTSUITE}
        REPRISE_PEERS_DIR=${REPRISE_PEERS_DIR}
        REPRISE_GUESTS_DIR=${REPRISE_GUESTS_DIR}
        LC_ALL=C.UTF-8)
    if(REPRISE_SANITIZE)
        list(APPEND environment UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=allocator_may_return_null=1)
    endif()
    set_tests_properties(${name} PROPERTIES
        LABELS "suite:${suite};${labels}"
        TIMEOUT ${timeout}
        SKIP_RETURN_CODE 77
        ENVIRONMENT "${environment}")
endfunction()

function(rp_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;DEPENDS;LIBS;ARGS;LABELS")
    add_executable(${name} ${arg_SOURCES})
    rp_set_options(${name})
    rp_link_folders(${name} ${arg_DEPENDS})
    target_link_libraries(${name} PRIVATE PkgConfig::CMOCKA ${arg_LIBS})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME ${name} COMMAND ${name} ${arg_ARGS} WORKING_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
    rp_set_test_properties(${name} "unit;${arg_LABELS}" "${arg_TIMEOUT}")
endfunction()

function(rp_script_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "COMMAND;LABELS")
    add_test(NAME ${name} COMMAND ${arg_COMMAND} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
    rp_set_test_properties(${name} "${arg_LABELS}" "${arg_TIMEOUT}")
endfunction()

function(rp_fuzz_target name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "CORPUS" "SOURCES;DEPENDS;LIBS")
    if(NOT arg_CORPUS)
        set(arg_CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
    endif()
    add_executable(${name} ${arg_SOURCES})
    rp_set_options(${name})
    rp_link_folders(${name} ${arg_DEPENDS})
    target_link_libraries(${name} PRIVATE ${arg_LIBS})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    if(REPRISE_FUZZ)
        target_link_options(${name} PRIVATE -fsanitize=fuzzer)
        return()
    endif()
    target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/support/replay_corpus.c)
    add_test(NAME ${name} COMMAND ${name} ${arg_CORPUS})
    rp_set_test_properties(${name} "unit;fuzz" "")
endfunction()
